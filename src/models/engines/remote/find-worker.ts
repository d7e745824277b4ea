// The command of a worker that the edge starts: a path that the operator names, the environment that set-up made, or a program on PATH.

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { OutriderError } from '../../../core/basics/errors.ts';

export type WorkerKind = 'ik' | 'vllm';

const remedies: Readonly<Record<WorkerKind, string>> = {
  ik: 'run "outrider engine install ik", or name the program in OUTRIDER_IK',
  vllm: 'install the package outrider-vllm (workers/vllm has how), and name its program in OUTRIDER_VLLM or put it on PATH',
};

/** @throws OutriderError `engine-missing` */
export async function findWorker(kind: WorkerKind, cacheDirectory: string): Promise<string> {
  const program = `outrider-${kind}`;
  const named = process.env[`OUTRIDER_${kind.toUpperCase()}`];
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places =
    named !== undefined && named !== ''
      ? [named]
      : [engineProgram(kind, cacheDirectory), ...folders.map((folder) => join(folder, program))];
  for (const place of places) if (await mayRun(place)) return place;
  const where = places.length === 1 ? named : 'the cache folder and on PATH';
  throw new OutriderError('engine-missing', `no program ${program} was found in ${where}`, remedies[kind]);
}

/** Where set-up puts it. */
function engineProgram(kind: WorkerKind, cacheDirectory: string): string {
  return join(cacheDirectory, 'engines', kind, 'bin', `outrider-${kind}`);
}

async function mayRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
