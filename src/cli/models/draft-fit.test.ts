import { describe, expect, it } from 'vitest';
import { defaultOut } from './draft-fit.ts';

describe('where a draft is made', () => {
  it('is another folder for each recipe', () => {
    const target = '/models/Tiny.Q4_1.gguf';
    const folders = [{}, { smoke: true }, { recipe: '/recipes/front.toml' }].map((flags) => defaultOut(target, flags));
    expect(folders).toEqual(['Tiny.Q4_1-draft', 'Tiny.Q4_1-smoke', 'Tiny.Q4_1-front']);
  });
});
