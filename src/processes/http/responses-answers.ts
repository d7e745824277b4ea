// Answers of the route /v1/responses, whole and as events.

import {
  type AnswerEvent,
  type AnswerFormat,
  type AnswerHead,
  type ChoicePart,
  fingerprintsOf,
  type PartNotes,
  specOf,
  systemFingerprint,
  type ToolCall,
  type WholeChoice,
} from './answer-format.ts';
import type { ApiRequest } from './api-request.ts';
import type { AnswerToken, CompletionEnd } from './completion-port.ts';
import { tokenLogprobs } from './logprob-answers.ts';

type Logprobs = readonly AnswerToken[] | null;

const partOf = (text: string, logprobs: Logprobs): object => {
  return { type: 'output_text', text, annotations: [], logprobs: tokenLogprobs(logprobs ?? []) };
};
const messageItem = (id: string, status: string, content: readonly object[]): object => {
  return { id, type: 'message', status, role: 'assistant', content };
};
const callItem = ({ id, name, arguments: json }: Omit<ToolCall, 'isWhole'>, status: string): object => {
  return { id: `fc_${id}`, type: 'function_call', status, call_id: id, name, arguments: json };
};

export function responsesFormat(
  head: AnswerHead,
  { asked, repeated }: Pick<ApiRequest, 'asked' | 'repeated'>,
): AnswerFormat {
  const { id, createdSeconds, model } = head;
  const itemId = `msg_${id}`;
  const [first] = asked;
  const base = {
    id,
    object: 'response',
    created_at: createdSeconds,
    model,
    error: null,
    instructions: null,
    metadata: {},
    previous_response_id: null,
    store: false,
    ...repeated,
    temperature: first?.sampling.temperature ?? 1,
    top_p: first?.sampling.topP ?? 1,
    truncation: 'disabled',
    max_output_tokens: first?.maxTokens ?? null,
  };
  const over = ({ end }: WholeChoice, output: readonly object[], fingerprints: readonly string[]) => ({
    ...base,
    ...statusOf(end),
    system_fingerprint: systemFingerprint(fingerprints),
    ...specOf(end.standing),
    output,
    usage: usageOf(end),
  });
  return {
    callPrefix: 'call_',
    whole: (choices) => {
      const choice = choices[0] as WholeChoice;
      return over(choice, outputOf(choice, itemId), fingerprintsOf(choices));
    },
    stream() {
      const items = new Items(itemId);
      const begun = { ...base, status: 'in_progress', incomplete_details: null, output: [], usage: null };
      return {
        begin: (_, __, [standing]) => [
          items.event('response.created', { response: { ...begun, ...specOf(standing) } }),
          items.event('response.in_progress', { response: { ...begun, ...specOf(standing) } }),
        ],
        part: (_, part, notes) => items.part(part, notes),
        finish(_, choice, logprobs) {
          const { status } = statusOf(choice.end);
          const events = items.end(status, logprobs);
          const response = over(choice, items.output, choice.end.fingerprints);
          return [...events, items.event(`response.${status}`, { response })];
        },
        done: () => [],
        failed: ({ code, message, param }) => [items.event('error', { code, message, param })],
      };
    },
  };
}

function outputOf({ text, calls, logprobs, end }: WholeChoice, itemId: string): readonly object[] {
  const { status } = statusOf(end);
  // Where there are calls, their tokens are among them.
  const ownLogprobs = calls.length === 0 ? logprobs : null;
  return [
    ...(text === '' && calls.length > 0 ? [] : [messageItem(itemId, status, [partOf(text, ownLogprobs)])]),
    ...calls.map((call) => callItem(call, call.isWhole ? 'completed' : 'incomplete')),
  ];
}

/** Items of an answer as they come: one is open at a time. */
class Items {
  readonly output: object[] = [];
  readonly #itemId: string;
  #number = 0;
  #callId = '';
  #text: { text: string; readonly logprobs: AnswerToken[] } | null = null;

  constructor(itemId: string) {
    this.#itemId = itemId;
  }

  event(name: string, fields: object): AnswerEvent {
    this.#number += 1;
    return { name, data: { type: name, sequence_number: this.#number - 1, ...fields } };
  }

  part(part: ChoicePart, notes: PartNotes): readonly AnswerEvent[] {
    if (part.kind === 'text') return this.#textDelta(part.text, notes);
    const output_index = this.output.length;
    if (part.kind === 'call') {
      const closed = this.#closeText('completed');
      const item = callItem({ ...part, arguments: '' }, 'in_progress');
      this.#callId = `fc_${part.id}`;
      return [...closed, this.event('response.output_item.added', { output_index: this.output.length, item })];
    }
    if (part.kind === 'arguments') {
      const place = { item_id: this.#callId, output_index };
      return [this.event('response.function_call_arguments.delta', { ...place, delta: part.text })];
    }
    const { whole } = part;
    const item = callItem(whole, whole.isWhole ? 'completed' : 'incomplete');
    this.output.push(item);
    const done = { item_id: `fc_${whole.id}`, output_index, name: whole.name, arguments: whole.arguments };
    return [
      this.event('response.function_call_arguments.done', done),
      this.event('response.output_item.done', { output_index, item }),
    ];
  }

  /** An answer has one item at least. */
  end(status: string, logprobs: Logprobs): readonly AnswerEvent[] {
    const begun = this.#text === null && this.output.length === 0 ? this.#beginText() : [];
    this.#text?.logprobs.push(...(logprobs ?? []));
    return [...begun, ...this.#closeText(status)];
  }

  get #place() {
    // A text after a call is an item of its own.
    const count = this.output.length;
    return { item_id: count === 0 ? this.#itemId : `${this.#itemId}_${count}`, output_index: count };
  }

  #textDelta(delta: string, { logprobs, standing }: PartNotes): readonly AnswerEvent[] {
    // Nothing but notes begins no item.
    if (delta === '' && this.#text === null) return [];
    const begun = this.#text === null ? this.#beginText() : [];
    const text = this.#text ?? { text: '', logprobs: [] };
    text.text += delta;
    text.logprobs.push(...(logprobs ?? []));
    const notes = { logprobs: tokenLogprobs(logprobs ?? []), ...specOf(standing) };
    const fields = { ...this.#place, content_index: 0, delta, ...notes };
    return [...begun, this.event('response.output_text.delta', fields)];
  }

  #beginText(): readonly AnswerEvent[] {
    this.#text = { text: '', logprobs: [] };
    const place = this.#place;
    const item = messageItem(place.item_id, 'in_progress', []);
    return [
      this.event('response.output_item.added', { output_index: place.output_index, item }),
      this.event('response.content_part.added', { ...place, content_index: 0, part: partOf('', null) }),
    ];
  }

  #closeText(status: string): readonly AnswerEvent[] {
    if (this.#text === null) return [];
    const { text, logprobs } = this.#text;
    this.#text = null;
    const place = this.#place;
    const part = partOf(text, logprobs);
    const item = messageItem(place.item_id, status, [part]);
    this.output.push(item);
    return [
      this.event('response.output_text.done', { ...place, content_index: 0, text, logprobs: tokenLogprobs(logprobs) }),
      this.event('response.content_part.done', { ...place, content_index: 0, part }),
      this.event('response.output_item.done', { output_index: place.output_index, item }),
    ];
  }
}

function statusOf({ reason }: CompletionEnd) {
  return reason === 'length'
    ? { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
    : { status: 'completed', incomplete_details: null };
}

function usageOf(end: CompletionEnd): object {
  const { promptTokens, cachedTokens = 0, completionTokens, acceptedDrafts, rejectedDrafts } = end;
  return {
    input_tokens: promptTokens,
    output_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens_details: {
      reasoning_tokens: 0,
      accepted_prediction_tokens: acceptedDrafts,
      rejected_prediction_tokens: rejectedDrafts,
    },
  };
}
