// What an answer must be, token by token: the grammar of structured output and of tool calls, as it crosses the wire.

/**
 * `json-schema`: the text of a JSON schema. `structural-tag`: xgrammar's JSON of tags, each with a format of its own. `ebnf`: rules
 * in xgrammar's EBNF, with `root` as the first.
 */
export const grammarKinds = ['json-schema', 'structural-tag', 'ebnf'] as const;

export type GrammarKind = (typeof grammarKinds)[number];

/** A grammar that an answer follows from its first token. */
export interface Grammar {
  readonly kind: GrammarKind;
  /** At most {@link grammarBytesLimit} as UTF-8. */
  readonly text: string;
}

/** Longest text of a grammar, bytes. */
export const grammarBytesLimit: number = 64 * 1024;
