import { describe, expect, it } from 'vitest';
import type { PacedModel } from '../port/paced.ts';
import { type OpenModelOptions, openModel } from './open-model.ts';

const options: OpenModelOptions = { role: 'target', sequences: 2, contextLength: 100, exact: true };
const clock = { nowMs: () => 0, after: () => () => undefined };
const badArgument = { code: 'bad-argument' };

describe('openModel', () => {
  it('opens a toy by its seed, and its draft by agreement', async () => {
    const target = await openModel('toy:5', options);
    const draft = await openModel('toy:5:0.7', { ...options, role: 'draft' });
    expect(target.limits).toMatchObject({ maxSequences: 2, contextLength: 100 });
    expect(target.identity.name).toBe('toy:5');
    expect(draft.identity.description).toContain('agrees at 0.7');
    expect(draft.tokenizer.hash).toBe(target.tokenizer.hash);
  });

  it('opens n-gram look-up on the tokenizer of another model', async () => {
    const { tokenizer } = await openModel('toy:5', options);
    expect((await openModel('ngram', { ...options, tokenizer })).tokenizer).toBe(tokenizer);
    await expect(openModel('ngram', options)).rejects.toMatchObject(badArgument);
  });

  it('paces what it opens', async () => {
    const model = (await openModel('toy:5', { ...options, profile: 'reference', clock })) as PacedModel;
    expect(model.profile.stepMs).toBe(40);
    await expect(openModel('toy:5', { ...options, profile: 'nobody', clock })).rejects.toMatchObject(badArgument);
    await expect(openModel('toy:5', { ...options, profile: 'reference' })).rejects.toMatchObject(badArgument);
  });
});
