import { expect, it } from 'vitest';
import { createDeviceState, type TurnRequest } from './device-state.ts';
import { TurnMeter } from './turn-meter.ts';

const state = createDeviceState({ prompt: [1, 2] } as unknown as TurnRequest);

it('measures recent drafts, and the time between commits of one connection', () => {
  const meter = new TurnMeter();
  expect(meter.measures(state, undefined)).toMatchObject({ draftMs: null, roundTripMs: null, commits: 0, decodeMs: 0 });
  // Fifteen drafts count: the first one does not, and the last seven are fewer than half.
  const drafts = [500, ...Array.from({ length: 8 }, () => 10), ...Array.from({ length: 7 }, () => 20)];
  for (const ms of drafts) meter.drafted(ms);
  meter.committed(100, 1);
  meter.committed(140, 3);
  meter.lost();
  meter.committed(5000, 2);
  meter.committed(5050, 2);
  const expected = { draftMs: 10, roundTripMs: 20, commits: 2, decodedTokens: 5, decodeMs: 90, committedTokens: 0 };
  expect(meter.measures(state, 20)).toMatchObject(expected);
});
