import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { AdaptiveDrafter } from './adaptive-drafter.ts';
import { type Draft, type Drafter, type DraftRequest, ModelDrafter } from './drafter.ts';
import { createToyModel } from './toy.ts';

const prompt = [1, 2, 3, 4];

/** A model that always gives the same draft, and counts its calls. */
class StubDrafter implements Drafter {
  asked = 0;
  isDisposed = false;
  readonly #draft: Draft | null;

  constructor(draft: Draft | null) {
    this.#draft = draft;
  }

  async draft(): Promise<Draft | null> {
    this.asked += 1;
    return this.#draft;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
  }
}

function request(text: readonly number[], committedLength: number | undefined = text.length): DraftRequest {
  const committed = committedLength === undefined ? {} : { committedLength };
  return { text, promptLength: prompt.length, sampling: neutralSampling, ...committed };
}

describe('a draft model with look-up first', () => {
  const repeating = Array.from({ length: 40 }, (_, index) => 100 + (index % 9));

  it('asks the model where nothing repeats, and not where the text does', async () => {
    const model = new StubDrafter({ token: 7, confidence: 0.6 });
    const drafter = new AdaptiveDrafter(model);
    expect(await drafter.draft(request(prompt))).toMatchObject({ token: 7 });
    for (let length = 5; length <= 44; length++)
      await drafter.draft(request([...prompt, ...repeating].slice(0, length)));
    const before = model.asked;
    expect(await drafter.draft(request([...prompt, ...repeating]))).toMatchObject({ token: 104, isLookedUp: true });
    expect(model.asked).toBe(before);
  });

  it('continues from looked-up drafts, several in a row', async () => {
    const drafter = new AdaptiveDrafter(new StubDrafter({ token: 7, confidence: 0.6 }));
    const text = [...prompt, ...repeating];
    for (let length = 5; length <= 44; length++) await drafter.draft(request(text.slice(0, length)));
    const committed = text.length;
    for (let count = 0; count < 6; count++) {
      const draft = await drafter.draft(request(text, committed));
      expect(draft).toMatchObject({ isLookedUp: true });
      text.push((draft as Draft).token);
    }
    expect(text.slice(committed)).toEqual([104, 105, 106, 107, 108, 100]);
  });

  it('gives calibrated confidences of the model, on the grid of a trace', async () => {
    const drafter = new AdaptiveDrafter(new StubDrafter({ token: 7, confidence: 0.6 }));
    for (let length = 5; length < 60; length++) {
      await drafter.draft(request([...prompt, ...Array.from({ length: length - 4 }, (_, index) => 500 + index)]));
    }
    const wrong = await drafter.draft(request([...prompt, ...Array.from({ length: 60 }, (_, index) => 500 + index)]));
    expect(wrong?.confidence).toBeLessThan(0.2);
    expect(Number.isInteger((wrong?.confidence ?? 0) * 65_535)).toBe(true);
  });

  it('uses the model alone where nothing is verified', async () => {
    const model = createToyModel({ seed: 5, role: 'draft' });
    await using plain = new ModelDrafter(model);
    await using drafter = new AdaptiveDrafter(new ModelDrafter(model));
    const text = [...prompt, ...repeating];
    for (let count = 0; count < 30; count++) {
      const asked = { text, promptLength: prompt.length, sampling: neutralSampling };
      const draft = await drafter.draft(asked);
      expect(draft).toEqual(await plain.draft(asked));
      text.push((draft as Draft).token);
    }
  });

  it('has no draft where the model has none, and closes the model with itself', async () => {
    const model = new StubDrafter(null);
    const drafter = new AdaptiveDrafter(model);
    expect(await drafter.draft(request(prompt))).toBeNull();
    await drafter[Symbol.asyncDispose]();
    expect(model.isDisposed).toBe(true);
  });
});
