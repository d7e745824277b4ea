import { describe, expect, it } from 'vitest';
import { DraftSource } from './draft-source.ts';

/** Replays a text: the source is asked at each position, and a model that is right in `modelHits` of 8 cases answers the rest. */
function play(text: readonly number[], promptLength: number, modelHits: number, margin = 0) {
  const source = new DraftSource();
  let free = 0;
  let freeHits = 0;
  let confidence = 0;
  for (let length = promptLength; length < text.length; length++) {
    source.follow(text.slice(0, length), promptLength, length);
    const looked = source.lookUp(margin);
    if (looked !== null) {
      free += 1;
      if (looked.token === text[length]) freeHits += 1;
      continue;
    }
    const isRight = (length * 5) % 8 < modelHits;
    const token = isRight ? (text[length] as number) : 9999;
    confidence = source.calibrated(length, { token, confidence: 0.7 }).confidence;
  }
  return { free, freeHits, confidence };
}

const prompt = [1, 2, 3, 4];
const repeating = Array.from({ length: 120 }, (_, index) => 100 + (index % 9));
/** Each pair occurred before, each time with another continuation. */
const misleading = Array.from({ length: 120 }, (_, index) => (index % 3 === 2 ? 200 + index : 50 + (index % 3)));

describe('the source of a draft', () => {
  it('is look-up where the text repeats itself', () => {
    const { free, freeHits } = play([...prompt, ...repeating], prompt.length, 6);
    expect(free).toBeGreaterThan(80);
    expect(freeHits / free).toBeGreaterThan(0.95);
  });

  it('is the model where the text only seems to repeat itself', () => {
    expect(play([...prompt, ...misleading], prompt.length, 6).free).toBeLessThan(5);
  });

  it('is look-up more often where the model is bad, and where time is expensive', () => {
    const mixed = Array.from(
      { length: 200 },
      (_, index) => [50, 51, 52 + (index % 8 === 3 ? index : 0), 60 + index][index % 4],
    );
    const text = [...prompt, ...(mixed as number[])];
    const good = play(text, prompt.length, 8).free;
    const bad = play(text, prompt.length, 2).free;
    const expensive = play(text, prompt.length, 8, 0.5).free;
    expect(bad).toBeGreaterThan(good);
    expect(expensive).toBeGreaterThan(good);
  });
});

describe('confidence', () => {
  it('is calibrated by the compared drafts', () => {
    const unique = Array.from({ length: 300 }, (_, index) => 1000 + index);
    expect(play([...prompt, ...unique], prompt.length, 8).confidence).toBeGreaterThan(0.93);
    expect(play([...prompt, ...unique], prompt.length, 2).confidence).toBeLessThan(0.35);
  });

  it('learns nothing from drafts on a rejected text', () => {
    const source = new DraftSource();
    const asked = (text: readonly number[], committed: number): number => {
      source.follow(text, 4, committed);
      return source.calibrated(text.length, { token: 7, confidence: 0.5 }).confidence;
    };
    asked([...prompt], 4);
    // Right at 4, wrong at 5; the draft at 6 was made after 7, 7.
    asked([...prompt, 7], 4);
    asked([...prompt, 7, 7], 4);
    const after = asked([...prompt, 7, 8], 6);
    const alone = new DraftSource();
    alone.follow([...prompt], 4, 4);
    alone.calibrated(4, { token: 7, confidence: 0.5 });
    alone.follow([...prompt, 7], 4, 5);
    alone.calibrated(5, { token: 7, confidence: 0.5 });
    alone.follow([...prompt, 7, 8], 4, 6);
    expect(after).toBe(alone.calibrated(6, { token: 7, confidence: 0.5 }).confidence);
  });
});
