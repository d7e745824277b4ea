// The tables of docs/use/http.md and docs/internals/grammars.md that are written from data: `npm run docs:commands`.

import { markdownTable } from '../../simulator/runner/markdown.ts';
import { type RouteRule, routeRules } from '../../src/processes/http/route-rules.ts';
import { failureRows } from './failures.ts';
import { fieldRows } from './fields.ts';
import { grammarTables } from './grammars.ts';
import { schemaRows } from './schemas.ts';

/** What each route answers. */
export const routeWords: Readonly<Record<string, string>> = {
  'GET /v1/models': 'the one model, with its `context_length`, `max_model_len` or `max_input_tokens`',
  'GET /v1/models/:model': 'that model',
  'POST /v1/chat/completions': 'an answer to a conversation; `stream`: as server-sent events',
  'POST /v1/completions': 'a continuation of text or token ids; several prompts at once',
  'POST /v1/responses': 'an answer to `input` and `instructions`',
  'GET /v1/responses/:id':
    'a response of the [background](#streams-that-outlive-their-connection); `stream=true`: its events',
  'DELETE /v1/responses/:id': 'ends and forgets that response',
  'POST /v1/responses/:id/cancel': 'ends that response',
  'GET /v1/stream': 'the stream of [`conv_id`](#streams-that-outlive-their-connection) from byte `from` on',
  'DELETE /v1/stream': 'ends and forgets it: always 204',
  'POST /v1/streams/lookup': 'which of the streams of `conversation_ids` there are',
  'POST /v1/messages': "an answer to a conversation, in Anthropic's shape",
  'POST /v1/messages/count_tokens': 'the tokens of a conversation',
  'GET /metrics': '[metrics](../operate/operations.md#metrics) for Prometheus',
  'GET /version': 'version of the program',
  'GET /': 'a page to chat in a browser',
  'GET /pages/:file': 'scripts and styles of the page',
  'GET /weights': "of an edge: what a browser's tab may load to [draft](tab.md)",
  'GET /weights/:digest': 'those bytes, whole or by a range',
  'GET /health': '[health](../operate/operations.md#health): 200 and `{"status": "ready"}`, or 503',
};

const ruleWords: Readonly<Record<RouteRule, string>> = {
  public: '',
  chat: '`chat`',
  metrics: '`metrics`',
  verify: '`verify`',
};

type Tables = Readonly<Record<string, () => string>>;

const httpTables: Tables = {
  routes: () =>
    markdownTable(
      ['route', 'scope', 'answer'],
      Object.entries(routeWords).map(([route, words]) => {
        const rule = routeRules[route];
        return [`\`${route.replace(/:(\w+)/g, '{$1}')}\``, rule === undefined ? '' : ruleWords[rule], words];
      }),
    ),
  fields: () =>
    markdownTable(
      ['field', 'effect'],
      fieldRows.map(({ fields, effect }) => [fields, effect]),
    ),
  schemas: () =>
    markdownTable(
      ['part of a schema', 'support'],
      schemaRows.map(({ keywords, support }) => [keywords, support]),
    ),
  failures: () =>
    markdownTable(
      ['status', '`code`', 'when'],
      failureRows.map(({ status, codes, when }) => [
        `${status}`,
        codes.length === 0 ? 'none: no body' : codes.map((code) => `\`${code}\``).join(', '),
        when,
      ]),
    ),
};

const exampleTables: Tables = Object.fromEntries(
  grammarTables.map(({ kind, rows }) => [
    kind,
    () =>
      markdownTable(
        ['part', 'example', 'allows', 'does not allow'],
        rows.map(({ part, example, fits, others }) => [part, code(example), ...[fits, others].map(listed)]),
      ),
  ]),
);

/** A text in a cell: line ends as "\\n". */
function code(text: string): string {
  return text === '' ? 'the empty text' : `\`${text.replaceAll('\n', '\\n').replaceAll('|', '\\|')}\``;
}

function listed(texts: readonly string[]): string {
  return texts.map(code).join(', ');
}

/** @param text of docs/use/http.md @returns the same, with its tables as the data are now */
export function pageWithTables(text: string): string {
  return withTables(text, httpTables);
}

/** @param text of docs/internals/grammars.md @returns the same, with its tables as the data are now */
export function pageWithGrammars(text: string): string {
  return withTables(text, exampleTables);
}

function withTables(text: string, tables: Tables): string {
  return Object.entries(tables).reduce((page, [name, table]) => {
    const [begin, end] = [`<!-- ${name} -->\n`, `\n\n<!-- /${name} -->`];
    const [from, to] = [page.indexOf(begin), page.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`no ${begin.trim()} ... ${end.trim()}`);
    return `${page.slice(0, from)}${begin}\n${table()}${page.slice(to)}`;
  }, text);
}
