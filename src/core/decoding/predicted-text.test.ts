import { describe, expect, it } from 'vitest';
import { PredictedText } from './predicted-text.ts';

const prompt = [1, 2, 3];

/** How many tokens of the answer are predicted, read token by token as they are committed. */
function predictedOf(prediction: readonly number[], answer: readonly number[]): boolean[] {
  const predicted = new PredictedText(prediction);
  return answer.map((token, index) => {
    const text = [...prompt, ...answer.slice(0, index)];
    predicted.follow(text, prompt.length, text.length);
    return predicted.next()?.token === token;
  });
}

const missesOf = (hits: readonly boolean[]): number[] => hits.flatMap((isHit, index) => (isHit ? [] : [index]));
/** Different tokens. */
const words = (count: number, first = 100): number[] => Array.from({ length: count }, (_, index) => first + index);

describe('an answer that follows its prediction', () => {
  it('is predicted from its first token on, and more surely with each', () => {
    const prediction = words(40);
    expect(missesOf(predictedOf(prediction, prediction))).toEqual([]);
    const predicted = new PredictedText(prediction);
    const chances = [0, 4, 39].map((length) => {
      predicted.follow([...prompt, ...prediction.slice(0, length)], prompt.length, prompt.length + length);
      return predicted.next()?.chance ?? 0;
    });
    expect(chances).toEqual(chances.toSorted((one, other) => one - other));
    predicted.follow([...prompt, ...prediction], prompt.length, prompt.length + 40);
    expect(predicted.next()).toBeUndefined();
  });

  it('is found again behind a change of as many tokens, of more, and of fewer', () => {
    const prediction = words(40);
    const changed = (tokens: readonly number[], count: number): number[] => [
      ...prediction.slice(0, 20),
      ...tokens,
      ...prediction.slice(20 + count),
    ];
    expect(missesOf(predictedOf(prediction, changed([7], 1)))).toEqual([20]);
    expect(missesOf(predictedOf(prediction, changed([7, 8], 1)))).toEqual([20, 21, 22]);
    expect(missesOf(predictedOf(prediction, changed([7], 4)))).toEqual([20, 21]);
    expect(missesOf(predictedOf(prediction, changed([], 3)))).toEqual([20]);
    expect(missesOf(predictedOf(prediction, changed([7, 8, 9], 0)))).toEqual([20, 21, 22, 23]);
  });

  it('is found again behind words before its beginning, and where parts have changed places', () => {
    const prediction = words(400);
    const introduced = [7, 8, 9, 10, 11, ...prediction];
    expect(missesOf(predictedOf(prediction, introduced)).every((index) => index <= 5)).toBe(true);
    const swapped = [...prediction.slice(200, 400), ...prediction.slice(0, 200)];
    expect(missesOf(predictedOf(prediction, swapped)).length).toBeLessThan(14);
  });

  it('expects a change again wherever its old words stand', () => {
    const rename = (name: readonly number[]): number[] =>
      words(12).flatMap((word) => [word, word + 50, ...name, word + 200]);
    const hits = predictedOf(rename([5, 6]), rename([7, 8, 9]));
    // Each line has six tokens; nothing is missed behind the first change.
    expect(missesOf(hits).every((index) => index < 10)).toBe(true);
  });

  it('gives up a change that is not made again', () => {
    const line = (name: number) => (word: number) => [word, word + 50, name, word + 200, word + 300];
    const prediction = words(20).flatMap(line(5));
    const answer = words(20).flatMap((word, index) => line(index === 0 ? 7 : 5)(word));
    expect(missesOf(predictedOf(prediction, answer)).filter((index) => index > 5).length).toBeLessThan(5);
  });
});

it('drafts beyond the committed text are followed and taken back, and teach nothing', () => {
  const prediction = words(30);
  const predicted = new PredictedText(prediction);
  const committed = [...prompt, ...prediction.slice(0, 6)];
  predicted.follow(committed, prompt.length, committed.length);
  const before = predicted.next();
  predicted.follow([...committed, ...prediction.slice(6, 20)], prompt.length, committed.length);
  expect(predicted.next()?.token).toBe(prediction[20]);
  predicted.follow([...committed, 7, 8, 9], prompt.length, committed.length);
  expect(predicted.tokensAway).toBe(3);
  predicted.follow(committed, prompt.length, committed.length);
  expect(predicted.next()).toEqual(before);
});
