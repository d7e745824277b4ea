// A worker as a process of its own, which is killed, stopped, and refuses to start.

import { chmod, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Candidates } from '../../../core/decoding/candidates.ts';
import { folderOfEach } from '../../gguf/folder.fixture.ts';
import { ChildWorker } from './child-worker.ts';
import { fakeModel } from './fake-worker.fixture.ts';
import { findWorker } from './find-worker.ts';
import { openRemoteModel } from './open-remote.ts';
import type { EngineEvent } from './remote-model.ts';

const program = fileURLToPath(new URL('fake-worker.fixture.ts', import.meta.url));

const here = folderOfEach();
afterEach(async () => {
  vi.unstubAllEnvs();
});

/** A program of the name that the edge searches, which writes its process id and then is the fake worker. */
async function install(...words: string[]): Promise<string> {
  const path = here('outrider-vllm');
  const call = [process.execPath, program, ...words].map((word) => `'${word}'`).join(' ');
  await writeFile(path, `#!/bin/sh\necho $$ >> '${here()}/pids'\nexec ${call} "$@"\n`);
  await chmod(path, 0o755);
  vi.stubEnv('OUTRIDER_VLLM', path);
  return path;
}

async function pids(): Promise<number[]> {
  return (await readFile(here('pids'), 'utf8')).trim().split('\n').map(Number);
}

function open(events: EngineEvent[], tickMs = 100) {
  const spec = { kind: 'vllm', directory: here() } as const;
  const onEngine = (event: EngineEvent): void => void events.push(event);
  const size = { sequences: 2, contextLength: 256, exact: false };
  return openRemoteModel(spec, { model: 'none', tokenizerFile: 'toy', ...size, onEngine, tickMs });
}

const text = Array.from({ length: 24 }, (_, index) => 400 + index);

async function expected(): Promise<Candidates[][]> {
  const model = fakeModel();
  return model.evaluate([{ sequence: model.openSequence(), tokens: text, rows: 24 }]);
}

describe('a worker that the edge starts', () => {
  it.each(['SIGKILL', 'SIGSTOP'] as const)('is started again after %s, and its texts go on', async (signal) => {
    await install();
    const events: EngineEvent[] = [];
    await using model = await open(events);
    const sequence = model.openSequence();
    await model.evaluate([{ sequence, tokens: text.slice(0, 12), rows: 0 }]);
    process.kill((await pids()).at(-1) as number, signal);
    const work = model.evaluate([{ sequence, tokens: text.slice(12), rows: 12 }]);
    expect((await work)[0]).toEqual((await expected())[0]?.slice(12));
    const [first, second] = await pids();
    expect(second).toBeDefined();
    expect(events.map(({ kind }) => kind)).toEqual(['lost', 'back']);
    await model.close();
    for (const pid of [first, second]) expect(() => process.kill(pid as number, 0)).toThrow('ESRCH');
  });

  it('that ends three times at its start is lost for good, with its last words', async () => {
    await install('--refuses');
    const events: EngineEvent[] = [];
    const failed = { code: 'engine-lost', message: expect.stringContaining('it has ended: no such model') };
    await expect(open(events)).rejects.toMatchObject(failed);
    expect(await pids()).toHaveLength(3);
    expect(events).toHaveLength(3);
  });

  it('that is no program is lost for good', async () => {
    const path = await install();
    await writeFile(path, '#!/nowhere/at/all\n');
    await expect(open([])).rejects.toMatchObject({ code: 'engine-lost', message: expect.stringContaining('ENOENT') });
  });
});

describe('the program of a worker', () => {
  it('is the named one, that of the cache folder, or one on PATH', async () => {
    vi.stubEnv('PATH', here());
    const missing = { code: 'engine-missing', remedy: expect.stringContaining('workers/vllm') };
    await expect(findWorker('vllm', here())).rejects.toMatchObject(missing);
    const path = await install();
    expect(await findWorker('vllm', here())).toBe(path);
    vi.stubEnv('OUTRIDER_VLLM', here('nothing'));
    await expect(findWorker('vllm', here())).rejects.toMatchObject({ code: 'engine-missing' });
    vi.stubEnv('OUTRIDER_VLLM', '');
    expect(await findWorker('vllm', here())).toBe(path);
    await expect(findWorker('ik', here())).rejects.toMatchObject({
      remedy: expect.stringContaining('engine install ik'),
    });
  });
});

describe('the words of a worker that the edge starts', () => {
  async function worker(script: string) {
    const program = here('outrider-vllm');
    await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const noted: string[] = [];
    const note = (event: EngineEvent): void =>
      void ('cause' in event && noted.push(event.kind === 'starting' ? event.cause : `${event.kind} ${event.cause}`));
    return { child: new ChildWorker({ command: [program], tickMs: 1000, note }), noted };
  }

  it('are for the operator where they stand under its own name, others are not', async () => {
    const loading = 'echo "outrider-vllm: loading m, 10 s" >&2';
    const { child, noted } = await worker(`${loading}; echo "WARNING of another" >&2; exit 1`);
    await expect(child.connect()).rejects.toMatchObject({
      code: 'engine-lost',
      message: expect.stringContaining('3 times in a row: it has ended: WARNING of another'),
    });
    await child.close();
    expect(noted.filter((line) => line === 'outrider-vllm: loading m, 10 s')).toHaveLength(3);
    expect(noted).not.toContain('WARNING of another');
  });

  it('are cause and remedy where it refuses, and it is not started again', async () => {
    const words = 'echo "outrider-vllm: no config.json" >&2; echo "Name a folder." >&2';
    const { child } = await worker(`echo x >> "$0.starts"; ${words}; exit 2`);
    const refused = { code: 'engine-lost', message: 'outrider-vllm: no config.json', remedy: 'Name a folder.' };
    await expect(child.connect()).rejects.toMatchObject(refused);
    await child.close();
    expect(await readFile(here('outrider-vllm.starts'), 'utf8')).toBe('x\n');
  });
});
