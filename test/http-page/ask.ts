// What the tables of docs/use/http.md say, as data: each row has the requests that show it, which test/http-doc.test.ts makes.

/** A request, and what comes of it. */
export interface Ask {
  /** Default: /v1/chat/completions. */
  readonly path?: string;
  /** Fields beside the model and a prompt. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Part of what the writer of the text is asked, for each answer. */
  readonly writes?: readonly object[];
  /** Fields that the answer says it ignores. */
  readonly ignores?: readonly string[];
  /** Status, code and field of a refusal. */
  readonly refused?: readonly [status: number, code: string, param: string];
}

/** Paths of the routes that write text. */
export const paths = {
  chat: '/v1/chat/completions',
  text: '/v1/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
} as const;

/** The fields that each route needs. */
export const least: Readonly<Record<string, object>> = {
  [paths.chat]: { messages: [{ role: 'user', content: 'Hi' }] },
  [paths.text]: { prompt: 'Hi' },
  [paths.responses]: { input: 'Hi' },
  [paths.messages]: { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 5 },
};

/** A field with these values is refused. */
export function wrong(field: string, ...values: readonly unknown[]): readonly Ask[] {
  return values.map((value) => ({ body: { [field]: value }, refused: [400, 'invalid_value', field] }));
}
