import { expect, it } from 'vitest';
import { completeSampling } from '../../core/decoding/sampling.ts';
import type { Draft, Drafter } from './drafter.ts';
import { PredictedDrafter } from './predicted-drafter.ts';

const prompt = [1, 2, 3];
const prediction = Array.from({ length: 50 }, (_, index) => 100 + index);

function counting(): Drafter & { asked: number } {
  return {
    asked: 0,
    async draft(): Promise<Draft> {
      this.asked += 1;
      return { token: 9, confidence: 0.5 };
    },
    async [Symbol.asyncDispose]() {},
  };
}

const draftAfter = (drafter: Drafter, answer: readonly number[], isVerified = true): Promise<Draft | null> => {
  const text = [...prompt, ...answer];
  const committed = isVerified ? { committedLength: text.length } : {};
  return drafter.draft({ text, promptLength: prompt.length, sampling: completeSampling(), ...committed });
};

it('drafts from the prediction without asking the model, and marks such drafts as free', async () => {
  const model = counting();
  const drafter = new PredictedDrafter(prediction, model);
  for (const length of [0, 1, 20, 49]) {
    expect(await draftAfter(drafter, prediction.slice(0, length))).toMatchObject({
      token: prediction[length],
      isLookedUp: true,
    });
  }
  expect(model.asked).toBe(0);
});

it('asks the model where the answer has left the prediction, and behind its end', async () => {
  const model = counting();
  const drafter = new PredictedDrafter(prediction, model);
  const away = Array.from({ length: 12 }, (_, index) => 10 + index);
  for (let length = 1; length <= away.length; length++)
    await draftAfter(drafter, [...prediction.slice(0, 10), ...away.slice(0, length)]);
  expect(model.asked).toBeGreaterThan(0);
  expect(await draftAfter(drafter, prediction)).toMatchObject({ token: 9 });
  const alone = new PredictedDrafter(prediction, null);
  expect(await draftAfter(alone, prediction)).toBeNull();
});

it('asks only the model where nothing is verified', async () => {
  const model = counting();
  expect(await draftAfter(new PredictedDrafter(prediction, model), [], false)).toMatchObject({ token: 9 });
  expect(await draftAfter(new PredictedDrafter(prediction, null), [], false)).toBeNull();
});
