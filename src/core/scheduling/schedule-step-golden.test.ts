// Under the free law a plan must not change by a bit: all simulated, drawn and published results rest on these plans. The digests
// were made by the scheduler before it knew shape laws.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../basics/philox.ts';
import { chainLengthWorth } from './edge-draft-length.ts';
import { freshSchedule, type SessionWork, type StepLimits, type StepPlan, scheduleStep } from './schedule-step.ts';
import { fitStepTime, linearStepTime, observeStep, type StepTimeModel, stepMs } from './step-time.ts';

function within(random: Random, low: number, high: number): number {
  return low + (high - low) * random.uniform();
}

function anyModel(random: Random): StepTimeModel {
  if (random.integer(2) === 0) return linearStepTime(within(random, 0.1, 60), within(random, 0, 40));
  const samples = Array.from({ length: 1 + random.integer(20) }, () => {
    return { rows: 1 + random.integer(16), ms: within(random, 1, 80) };
  });
  let model = fitStepTime(samples);
  for (let times = random.integer(8); times > 0; times -= 1) {
    model = observeStep(model, 1 + random.integer(40), within(random, 1, 200));
  }
  return model;
}

function anySession(random: Random, id: number): SessionWork {
  const drafts = random.integer(2) * random.integer(25);
  const known = Array.from({ length: random.integer(drafts + 1) }, () => random.uniform());
  return {
    id,
    weight: within(random, 0.1, 5),
    prefillTokens: random.integer(5) === 0 ? random.integer(300) : 0,
    drafts,
    acceptance: random.uniform(),
    ...(random.integer(3) === 0 ? { confidences: known } : {}),
  };
}

function anyLimits(random: Random): StepLimits {
  const maxRows = 1 + random.integer(64);
  return { maxRows, usefulRows: 1 + random.integer(64), prefillChunk: 2 + random.integer(62) };
}

/** The whole plan with its fair queues. */
function written({ items, state, expectedTokens, expectedMs }: StepPlan): string {
  const queues = [state.rows, state.drafts, state.prefill].map(({ virtualTime, finishTags }) => [
    virtualTime,
    ...finishTags,
  ]);
  return JSON.stringify([items, queues, expectedTokens, expectedMs]);
}

describe('plans under the free law', () => {
  it('are those of the recorded digest', () => {
    const hash = createHash('sha256');
    for (let run = 0; run < 400; run += 1) {
      const random = createRandom(7, run);
      const [model, limits] = [anyModel(random), anyLimits(random)];
      const count = 1 + random.integer(12);
      let state = freshSchedule;
      for (let step = 0; step < 6; step += 1) {
        const sessions = Array.from({ length: count }, (_, id) =>
          anySession(random, id + random.integer(2) * 20 * step),
        );
        const plan = scheduleStep(state, sessions, limits, model);
        state = plan.state;
        hash.update(written(plan));
      }
    }
    expect(hash.digest('hex')).toBe('0bb65c9a133fb3fc3f67697385617702f53ccd9ad296c0c3b98e253d15bbdf94');
  });

  it('have the recorded step times and chains of the edge', () => {
    const hash = createHash('sha256');
    for (let run = 0; run < 400; run += 1) {
      const random = createRandom(8, run);
      const stepTime = anyModel(random);
      const times = Array.from({ length: 90 }, (_, rows) => stepMs(stepTime, rows));
      const [freeDrafts, maxDrafts] = [random.integer(10), random.integer(40)];
      const draftMs = within(random, 0, 20);
      const length = chainLengthWorth({ freeDrafts, maxDrafts, acceptance: random.uniform(), draftMs, stepTime });
      hash.update(JSON.stringify([times, length]));
    }
    expect(hash.digest('hex')).toBe('c40fef423b15f7923f52c2ddf2b02cf6b94fb090eb263e9f85b35bc8a9230cec');
  });
});
