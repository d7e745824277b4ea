// The pace of sessions for slots without a world (synthetic-slot.ts): hardware as in preset `paper`, texts drawn from ranges.

import { createRandom } from '../../core/basics/philox.ts';
import type { PaceState } from './pace-state.ts';

/** Step laws of three graphics cards with a model of 1.5 billion parameters, ms. */
const stepLaws = [
  [11.6, 0.193],
  [5.55, 0.11],
  [5.15, 0.047],
] as const;
const draftTimesMs = [9.3, 14.1, 18.2] as const;

/** Drawn from the seed; the stream is not that of the slot. */
export function syntheticPace(deviceCount: number, serverCount: number, seed: number): PaceState {
  const random = createRandom(seed, 0x41fe0000);
  const draw = (pick: () => number): Float64Array => Float64Array.from({ length: deviceCount }, pick);
  const between = (low: number, high: number) => (): number => Math.round(low + (high - low) * random.uniform());
  const pick = (): (typeof stepLaws)[number] => stepLaws[random.integer(stepLaws.length)] as (typeof stepLaws)[number];
  const laws = Array.from({ length: serverCount }, pick);
  const promptTokens = draw(between(50, 800));
  return {
    draftMs: draw(() => draftTimesMs[random.integer(draftTimesMs.length)] as number),
    acceptance: draw(() => 0.7),
    promptTokens,
    promptTokensDone: new Float64Array(deviceCount),
    answerTokens: draw(between(40, 400)),
    textServer: Int32Array.from({ length: deviceCount }, () => random.integer(serverCount + 1) - 1),
    textTokens: draw(between(50, 1000)),
    promptBits: promptTokens.map((tokens) => 8 * (200 + 3 * tokens)),
    frameBits: draw(() => 440),
    draftFlop: draw(() => 2.5e8),
    stepFixedMs: Float64Array.from(laws, ([fixedMs]) => fixedMs),
    stepRowMs: Float64Array.from(laws, ([, rowMs]) => rowMs),
    isTypical: seed % 2 === 0,
    roundTripMs: 10,
    maxAhead: 24,
  };
}
