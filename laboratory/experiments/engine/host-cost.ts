// What the rows protocol costs a step: the time of a step of an engine in another process, less the time that the engine itself says it took.
// The engine is a toy, whose rows are as long as those of a model.

import { join } from 'node:path';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { median } from '../../../src/core/basics/statistics.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import type { RemoteModel } from '../../../src/models/engines/remote/remote-model.ts';
import { contractTokens } from '../../engine-conformance/contract-bench.ts';
import { socketFolder, startWorker, toyWorker } from '../../measuring/worker-process.ts';

const sessions = 8;
const rowsPerSession = 5;
const contextTokens = 64;
/** Until the code of both sides is compiled. */
const warmUpSteps = 40;

/** Median over steps of 8 sessions with 5 rows each: both codecs, both processes' event loops, and the socket between them, ms. */
export async function measureHostCost(steps: number): Promise<number> {
  await using stack = new CloseStack();
  const folder = stack.use(await socketFolder());
  const size = { sequences: sessions, contextLength: 512 };
  const worker = await startWorker(toyWorker(1, sessions, size.contextLength), join(folder.path, 'rows'));
  stack.defer(() => worker.close());
  const remote = { engine: worker.url, tokenizerFile: 'toy:1', exact: false };
  const model = stack.use(await openModel('toy:1', { role: 'target', ...size, ...remote })) as RemoteModel;
  const sequences = Array.from({ length: sessions }, () => model.openSequence());
  const tokens = contractTokens(model, contextTokens + rowsPerSession);
  for (const sequence of sequences)
    await model.evaluate([{ sequence, tokens: tokens.slice(0, contextTokens), rows: 0 }]);
  const step = tokens.slice(contextTokens);
  const times: number[] = [];
  for (let count = 0; count < warmUpSteps + steps; count += 1) {
    const [startMs, engineBeforeMs] = [performance.now(), model.engineMs];
    await model.evaluate(sequences.map((sequence) => ({ sequence, tokens: step, rows: rowsPerSession })));
    const hostMs = performance.now() - startMs - (model.engineMs - engineBeforeMs);
    if (count >= warmUpSteps) times.push(hostMs);
    await Promise.all(sequences.map((sequence) => sequence.truncate(contextTokens)));
  }
  return Math.round(1000 * median(times)) / 1000;
}
