// The real devices of `bench controller`: they read a toy language from real edge processes, and every text is compared with the target's own.

import { FleetReader } from '../../../simulator/fleet/fleet-reader.ts';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { reachController } from '../../../src/cli/options/member-options.ts';
import type { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { ids, sameText, toyTasks } from '../../readers/toy-reader.ts';

const toySeed = 47;
const profile = 'edge-8b-rtx4090';
const maxAnswerTokens = 96;
const promptCount = 6;
const bitsPerSecond = 50e6;

export interface ReadersFound {
  readonly texts: number;
  readonly identical: number;
  /** Answers that did not end as they should, or could not begin. */
  readonly failed: number;
}

export interface ReaderSettings {
  /** Addresses of all controllers, with commas between them. */
  readonly url: string;
  readonly realEdges: number;
  readonly realDevices: number;
  /** Edges and devices are dealt out to them in turn; no more than there are edges. */
  readonly cells: readonly string[];
}

/**
 * @param opened closes edges and devices
 * @returns a function that lets all devices end their answers, and compares the texts
 */
export async function startReaders(
  { url, realEdges: edgeCount, realDevices: deviceCount, cells }: ReaderSettings,
  note: (line: string) => void,
  opened: CloseStack,
): Promise<() => Promise<ReadersFound>> {
  const prompts = Array.from({ length: promptCount }, (_, index) => ids(20 + 10 * index, 100 * (index + 1)));
  const model = ['--model', `toy:${toySeed}`, '--profile', profile, '--sessions', `${Math.max(1, deviceCount)}`];
  const cellOf = (index: number): string => cells[index % cells.length] as string;
  await Promise.all(
    Array.from({ length: edgeCount }, async (_, index) => {
      const own = ['--controller', url, '--cell', cellOf(index), '--name', `real-edge-${index + 1}`];
      const edge = await startEdgeProcess([...model, ...own], note);
      opened.defer(async () => void (await edge.close()));
    }),
  );
  const plan = {
    tokenizer: createToyModel({ seed: toySeed, role: 'target' }).tokenizer,
    drafterOf: () => new ModelDrafter(createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8 })),
    prompts,
    maxAnswerTokens: () => maxAnswerTokens,
    roundTripMs: () => 10,
    thinkMs: 500,
    note,
    rates: () => bitsPerSecond,
  };
  const readers = Array.from(
    { length: deviceCount },
    (_, index) => new FleetReader({ ...plan, cell: cellOf(index) }, reachController({ controller: url }), index),
  );
  for (const reader of readers) {
    opened.defer(async () => reader.close());
    void reader.run();
  }
  return async () => {
    await Promise.all(readers.map((reader) => reader.finish()));
    const tasks = await toyTasks(toySeed, prompts, maxAnswerTokens);
    const answers = readers.flatMap((reader) => reader.answers);
    const ended = answers.filter(({ report }) => report.outcome.kind === 'ended');
    const identical = ended.filter(({ prompt, report }) => sameText(report.tokens, tasks[prompt]?.reference));
    const unopened = readers.reduce((sum, { failures }) => sum + failures, 0);
    return { texts: ended.length, identical: identical.length, failed: answers.length - ended.length + unopened };
  };
}
