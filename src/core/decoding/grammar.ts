// What an answer must be, token by token: the grammar of structured output and of tool calls, as it crosses the wire.

/**
 * `json-schema`: the text of a JSON schema. `structural-tag`: xgrammar's JSON of tags, each with a format of its own. `ebnf`: rules
 * in xgrammar's EBNF, with `root` as the first.
 *
 * JSON stands on one line, with ", " and ": " between its parts and no other blanks, as Python's json.dumps writes it: a small model
 * can't run on in blanks, and what is forced costs nothing. So `json-schema` is compiled with `anyWhitespace` false, `indent` -1 (undefined
 * would mean 2) and `strictMode` false; each `json_schema` format of a `structural-tag`, which xgrammar reads with unbounded blanks, is
 * first replaced by a `grammar` format with the EBNF of the same schema under the same settings.
 *
 * A grammar that can't be compiled, or that no text fits, ends the answer with `bad-argument` and a message that has the word "grammar".
 */
export const grammarKinds = ['json-schema', 'structural-tag', 'ebnf'] as const;

/** See {@link grammarKinds}. */
export type GrammarKind = (typeof grammarKinds)[number];

/** A grammar that an answer follows from its first token. */
export interface Grammar {
  readonly kind: GrammarKind;
  /** At most {@link grammarBytesLimit} as UTF-8. */
  readonly text: string;
}

/** Longest text of a grammar, bytes. */
export const grammarBytesLimit: number = 64 * 1024;
