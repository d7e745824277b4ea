// Whether a text follows a grammar, by the library that an edge has.

import { afterAll } from 'vitest';
import type { Grammar } from '../src/core/decoding/grammar.ts';
import { createGrammarEngine } from '../src/models/engines/xgrammar.ts';
import type { GrammarEngine } from '../src/models/port/grammar-engine.ts';
import { createToyTokenizer } from '../src/models/port/toy-tokenizer.ts';

export interface GrammarMatcher {
  readonly grammars: GrammarEngine;
  /** Whether a text is one of a grammar, and may end there. */
  allows(grammar: Grammar, text: string): Promise<boolean>;
}

/** Called once in a test file, which shares this module with others. */
export function openGrammarMatcher(): GrammarMatcher {
  const tokenizer = createToyTokenizer(2048);
  const grammars = createGrammarEngine(tokenizer, { compileWork: 5e9 });
  afterAll(() => grammars[Symbol.asyncDispose]());
  return {
    grammars,
    async allows(grammar, text) {
      const ids = tokenizer.encode(text);
      const [end = 0] = tokenizer.endIds;
      const matcher = await grammars.open(grammar);
      const masks = await matcher.masks(0, () => [], ids);
      await matcher.close();
      return [...ids, end].every((id, place) => (((masks[place]?.[id >> 5] ?? 0) >> (id & 31)) & 1) === 1);
    },
  };
}
