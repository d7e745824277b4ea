// The decoding mode of an endpoint's answers: as it was started, also where drafts would not pay.

import { expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { createDevice } from '../../src/processes/device/device.ts';
import { createDeviceCompleter } from '../../src/processes/http/device-completer.ts';
import { startToyEdge, toyDrafter } from './toy-edge.ts';

it.each(['stream', 'sd', 'ar'] as const)('answers in mode %s', async (mode) => {
  await using edge = await startToyEdge();
  const device = createDevice({ edge: edge.url, tokenizer: edge.target.tokenizer, drafter: toyDrafter(0.8) });
  const nowMs = () => performance.timeOrigin + performance.now();
  const completer = createDeviceCompleter({ device, model: 'toy', nowMs, credentials: '', mode });
  const answer = await completer.start({
    prompt: { kind: 'text', text: 'Hi' },
    sampling: neutralSampling,
    stopStrings: [],
    maxTokens: 24,
    isStreamed: false,
    credentials: undefined,
    signal: new AbortController().signal,
  });
  for await (const _ of answer.rounds);
  const end = await answer.end;
  expect(end.mode).toBe(mode);
  expect((end.acceptedDrafts ?? 0) + (end.rejectedDrafts ?? 0) > 0).toBe(mode !== 'ar');
});
