// `outrider engine serve`: llama.cpp, or a toy, as a worker of the rows protocol. It follows no shape law: the edge finds one.

import type { Command } from 'commander';
import { badArgument } from '../../core/basics/errors.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import { gpuChoiceOf, startLlamaEngine } from '../../models/engines/llama-engine.ts';
import { openModel } from '../../models/engines/open-model.ts';
import { helloOf, serveRows, spareTokens } from '../../models/engines/remote/rows-server.ts';
import { describeAddress, type WorkerAddress } from '../../models/port/engine-spec.ts';
import { needsFile } from '../../models/port/model-spec.ts';
import { createLawReport, withAcquireReport } from '../models/acquire-report.ts';
import { gpuOption } from '../options/gpu-option.ts';
import { commandOf } from '../options/option-flags.ts';
import { namesOf, pairOption } from '../options/pair-options.ts';
import { askedToStop, withInterrupt } from '../terminal/interrupt.ts';
import { note } from '../terminal/note.ts';

const options = {
  pair: { ...pairOption, help: 'the pair whose target is served, from "outrider models list"' },
  model: { flag: '--model <name|path>', help: "target instead of the pair's: a name, a GGUF file, or toy:SEED" },
  socket: { flag: '--socket <path>', help: 'Unix socket to listen on, which only its owner may open' },
  port: { flag: '--port <number>', help: 'port of 127.0.0.1 to listen on; 0: any free one', whole: [0, 65_535] },
  sequences: { flag: '--sequences <count>', help: 'most texts at the same time', whole: [1, 1024], default: 8 },
  context: { flag: '--context <tokens>', help: 'tokens of a text', whole: [64, 262_144], default: 2048 },
  threads: { flag: '--threads <count>', help: 'threads of the engine', whole: [1, 1024], default: 1 },
  gpu: gpuOption as typeof gpuOption,
  untilInputEnds: { flag: '--until-input-ends', help: 'end when standard input ends', isHidden: true },
} as const;

const notes = `Examples:
  outrider engine serve --model smollm2-135m --socket /tmp/rows.sock
  outrider edge --engine unix:/tmp/rows.sock --tokenizer smollm2-135m

The address is printed to standard output when an edge may connect. One edge is served at a time; others wait.`;

/** Where a toy runs. */
const toyHost = { version: 'toy', backend: 'cpu' };

type Flags = OptionsOf<typeof options>;

export function engineServeCommand(): Command {
  const description = 'serve a model by the rows protocol, with llama.cpp in this process';
  return commandOf({ name: 'serve', description, options, notes }, async (flags) => {
    try {
      await withInterrupt((signal) => serve(flags, signal));
    } finally {
      if (flags.untilInputEnds) process.stdin.destroy();
    }
  });
}

/** A pipe closes; a file only ends. */
const inputEnd = (): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => resolve();
    process.stdin.once('end', end).once('close', end).resume();
  });

/** @throws OutriderError `bad-argument` */
function addressOf({ socket, port }: Pick<Flags, 'socket' | 'port'>): WorkerAddress {
  if (socket !== undefined && port === undefined) return { kind: 'unix', path: socket };
  if (port !== undefined && socket === undefined) return { kind: 'tcp', port };
  const cause = socket === undefined ? 'there is no address to listen on' : 'a worker listens on one address';
  throw badArgument(cause, 'Give --socket PATH or --port NUMBER.');
}

async function serve(flags: Flags, signal: AbortSignal): Promise<void> {
  const address = addressOf(flags);
  const { sequences, context, threads, gpu } = flags;
  const { target: name } = namesOf({ pair: flags.pair, target: flags.model });
  const asked = Promise.race([askedToStop(signal), ...(flags.untilInputEnds ? [inputEnd()] : [])]);
  const report = createLawReport(name);
  const size = { sequences, contextLength: context + spareTokens };
  await using model = await withAcquireReport((acquiring) =>
    openModel(name, { role: 'target', ...size, exact: false, countsChanges: false, threads, gpu, ...acquiring }),
  );
  report.stop();
  const host = needsFile(name) ? await startLlamaEngine(gpuChoiceOf(gpu)) : toyHost;
  const device = `${host.backend.split(',')[0]}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
  const tokenizerFormat = needsFile(name) ? 'gguf' : 'toy';
  const hello = helloOf(model, { engine: host.version, device, tokenizerFormat });
  await using server = await serveRows(model, { address, hello });
  note(model.identity.description);
  process.stdout.write(`${describeAddress(server.address)}\n`);
  await asked;
}
