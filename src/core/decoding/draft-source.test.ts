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
    const found = source.lookUp(margin);
    if (found !== null) {
      free += 1;
      if (found.token === text[length]) freeHits += 1;
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
});

describe('the chance of the model', () => {
  /** A text in which 1, 2 was followed by 3, so that look-up proposes 3 after it with a match of two tokens. */
  const seen = [1, 2, 3, 50];
  const matched = [...seen, 1, 2];

  function asked(margin: number, prepare: (source: DraftSource) => void = () => {}): boolean {
    const source = new DraftSource();
    prepare(source);
    source.follow(matched, 4, 6);
    return source.lookUp(margin) !== null;
  }

  it('is higher at first than that of a look-up with a short match, by what a margin has to make up for', () => {
    // Look-up: 0.45 with a deviation of sqrt(0.45 * 0.55 / 5). The model: 0.7, with three quarters of its errors there.
    const lookUp = 0.45 - Math.sqrt((0.45 * 0.55) / 5);
    const model = 1 - 0.75 * 0.3;
    expect(asked(model - lookUp - 1e-6)).toBe(false);
    expect(asked(model - lookUp + 1e-6)).toBe(true);
  });

  it('falls with each of its drafts that was wrong, and most where the match was as long', () => {
    const wrongElsewhere = (source: DraftSource): void => {
      source.follow([1, 2, 3], 3, 3);
      source.calibrated(3, { token: 99, confidence: 0.5 });
      source.follow(seen, 3, 4);
    };
    const overall = (4 * 0.7) / 5;
    const lookUp = 0.45 - Math.sqrt((0.45 * 0.55) / 5);
    const model = 1 - 0.75 * (1 - overall);
    expect(asked(model - lookUp - 1e-6, wrongElsewhere)).toBe(false);
    expect(asked(model - lookUp + 1e-6, wrongElsewhere)).toBe(true);
  });

  it('is that of the length of the match: drafts of other lengths say less', () => {
    const source = new DraftSource();
    // Wrong drafts after a match of two tokens: the rate of that length falls, and the overall one.
    source.follow(matched, 4, 6);
    source.calibrated(6, { token: 99, confidence: 0.5 });
    source.follow([...matched, 60], 4, 7);
    const again = [...matched, 60, 1, 2];
    source.follow(again, 4, 9);
    const overall = (4 * 0.7) / 5;
    const model = (4 * (1 - 0.75 * (1 - overall))) / 5;
    // The look-up's own rate at this length: one trial at the position of 60, which it missed.
    const chance = (4 * 0.45) / 5;
    const lookUp = chance - Math.sqrt((chance * (1 - chance)) / 6);
    expect(source.lookUp(model - lookUp - 1e-6)).toBeNull();
    expect(source.lookUp(model - lookUp + 1e-6)).not.toBeNull();
  });
});

describe('a draft of the model', () => {
  const confidenceAfter = (work: (source: DraftSource) => void): number => {
    const source = new DraftSource();
    work(source);
    return source.calibrated(900, { token: 7, confidence: 0.5 }).confidence;
  };
  const untouched = confidenceAfter(() => {});

  it('is compared when its position is committed, not before, and once', () => {
    const made = (source: DraftSource): void => {
      source.follow([1, 2, 3], 3, 3);
      source.calibrated(3, { token: 7, confidence: 0.5 });
    };
    const uncommitted = confidenceAfter((source) => {
      made(source);
      source.follow([1, 2, 3, 7], 3, 3);
    });
    expect(uncommitted).toBe(untouched);
    const compared = confidenceAfter((source) => {
      made(source);
      source.follow([1, 2, 3, 7], 3, 4);
    });
    expect(compared).toBeGreaterThan(untouched);
    const comparedTwice = confidenceAfter((source) => {
      made(source);
      source.follow([1, 2, 3, 7], 3, 4);
      source.follow([1, 2, 3, 7, 8], 3, 5);
    });
    expect(comparedTwice).toBe(compared);
  });

  it('on a text that was rejected is forgotten, also when its position is committed later', () => {
    const after = confidenceAfter((source) => {
      source.follow([1, 2, 3, 7], 3, 3);
      source.calibrated(4, { token: 9, confidence: 0.5 });
      source.follow([1, 2, 3, 8], 3, 4);
      source.follow([1, 2, 3, 8, 9], 3, 5);
    });
    expect(after).toBe(untouched);
  });
});
