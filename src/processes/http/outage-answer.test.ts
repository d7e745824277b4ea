import { expect, it } from 'vitest';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { ModelDrafter } from '../../models/port/drafter.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { createEdgeList } from '../device/edge-list.ts';
import type { EdgeWatch } from './edge-watch.ts';
import { Vocabularies } from './local-writer.ts';
import { OutageAnswer } from './outage-answer.ts';

it('probes a lost edge at once when it begins, and then after the usual pause', async () => {
  const model = createToyModel({ seed: 3, role: 'target', sequences: 4 });
  const writer = { tokenizer: model.tokenizer, drafter: new ModelDrafter(model) };
  const soon: boolean[] = [];
  const watch = {
    isDown: true,
    back: (_signal: AbortSignal, isSoon: boolean) => {
      soon.push(isSoon);
      return new Promise(() => {});
    },
  } as unknown as EdgeWatch;
  const answer = new OutageAnswer({
    request: {
      prompt: { kind: 'ids', ids: [1, 2] },
      sampling: neutralSampling,
      stopStrings: [],
      maxTokens: 3,
      isStreamed: true,
      credentials: undefined,
      signal: new AbortController().signal,
    },
    prompt: [1, 2],
    writer,
    watch,
    waitMs: 1,
    // The time to wait for an edge ends with the first probe.
    nowMs: () => soon.length,
    vocabularies: new Vocabularies(writer, writer),
    turn: {
      connect: createEdgeList(() => Promise.reject(new Error('not asked'))),
      tokenizer: model.tokenizer,
      drafter: null,
    },
    maxAnswerTokens: async () => 3,
    greeted: () => {},
  });
  for await (const { standing } of answer.rounds) expect(standing).toMatchObject({ verified: false, from: 0 });
  expect(await answer.end).toMatchObject({ servedBy: [], fingerprints: ['local'], report: { mode: 'local' } });
  expect(soon).toEqual([true, false]);
});
