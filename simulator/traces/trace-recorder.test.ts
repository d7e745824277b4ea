import { describe, expect, it } from 'vitest';
import { neutralSampling, type Sampling } from '../../src/core/decoding/sampling.ts';
import { withoutWork } from '../../src/core/protocol/wire/draft-order.ts';
import { type Draft, ModelDrafter } from '../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { createNgramModel } from '../../src/models/port/ngram.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { isRightAt, traceDraft } from './trace.ts';
import { TraceRecorder } from './trace-recorder.ts';

const shape = { sequences: 3, contextLength: 512 };
const prompt = Array.from({ length: 100 }, (_, index) => 300 + ((index * 37) % 211));
const sampled: Sampling = { ...neutralSampling, temperature: 0.8, frequencyPenalty: 0.4, seed: 9n };

/** Every true prefix and every recorded wrong one, compared with the drafter of devices. */
async function compare(target: LanguageModel, draft: LanguageModel, sampling: Sampling): Promise<number> {
  await using recorder = new TraceRecorder(target, draft, { sampling, answerTokens: 70, wrongDepth: 5 });
  await using drafter = new ModelDrafter(draft);
  const session = await recorder.record({ id: 'a', task: 'b', ids: prompt });
  let wrong = 0;
  for (let position = 0; position < session.answer.length; position += 1) {
    const text = [...prompt, ...session.answer.slice(0, position)];
    const depths = isRightAt(session, position) ? 1 : 5;
    for (let depth = 0; depth < depths; depth += 1) {
      const made = await drafter.draft({ text, promptLength: prompt.length, sampling });
      const live = made && withoutWork(made);
      const leftAt = depth === 0 ? null : position;
      expect(traceDraft(session, 5, position + depth, leftAt)).toEqual(asTraced(live));
      if (live === null) break;
      text.push(live.token);
    }
    if (depths > 1) wrong += 1;
  }
  return wrong;
}

/** A trace keeps the second choice, and none after it. */
function asTraced(draft: Draft | null): Draft | null {
  if (draft?.runnerUp === undefined) return draft;
  const { token, confidence } = draft.runnerUp;
  return { ...draft, runnerUp: { token, confidence } };
}

describe('a recorded trace', () => {
  it('equals the drafts of a drafter that is asked token by token', async () => {
    await using target = createToyModel({ seed: 4, role: 'target', ...shape });
    await using draft = createToyModel({ seed: 4, role: 'draft', agreement: 0.7, ...shape });
    expect(await compare(target, draft, neutralSampling)).toBeGreaterThan(10);
    expect(await compare(target, draft, sampled)).toBeGreaterThan(10);
  });

  it('records where a draft model has no draft', async () => {
    await using target = createToyModel({ seed: 4, role: 'target', ...shape });
    await using draft = createNgramModel({ tokenizer: target.tokenizer, ...shape });
    expect(await compare(target, draft, neutralSampling)).toBeGreaterThan(10);
  });

  it('contains the text that the target writes, to its end', async () => {
    await using target = createToyModel({ seed: 4, role: 'target', endRate: 0.05, ...shape });
    await using draft = createToyModel({ seed: 4, role: 'draft', agreement: 0.9, endRate: 0.05, ...shape });
    await using recorder = new TraceRecorder(target, draft, { sampling: sampled, answerTokens: 400, wrongDepth: 1 });
    const { answer } = await recorder.record({ id: 'a', task: 'b', ids: prompt });
    expect(answer.length).toBeLessThan(400);
    expect(answer.findIndex((id) => target.tokenizer.endIds.has(id))).toBe(answer.length - 1);
  });

  it('is refused for models with different tokenizers', async () => {
    await using target = createToyModel({ seed: 4, role: 'target', ...shape });
    await using draft = createToyModel({ seed: 4, role: 'draft', vocabularySize: 2048, ...shape });
    const recipe = { sampling: neutralSampling, answerTokens: 4, wrongDepth: 1 };
    expect(() => new TraceRecorder(target, draft, recipe)).toThrow(/another tokenizer/);
  });
});
