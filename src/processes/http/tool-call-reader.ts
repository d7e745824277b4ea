// Reads an answer's text as it comes, and separates text and tool calls, <tool_call>{"name": ..., "arguments": {...}}</tool_call>. It may
// be split anywhere. What begins like a call and is none stays text.

/** A part of an answer. Calls count from 0. */
export type AnswerPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly call: number; readonly name: string }
  | { readonly kind: 'arguments'; readonly call: number; readonly text: string }
  /** Not whole: the answer ended within the call. */
  | { readonly kind: 'call-end'; readonly call: number; readonly isWhole: boolean };

export const callOpening = '<tool_call>';
export const callEnding = '</tool_call>';

/** Up to the arguments, which are an object. */
const head = /^\s*\{\s*"name"\s*:\s*"([^"\\]*)"\s*,\s*"arguments"\s*:\s*(?=\{)/;
/** A head that is longer is none, characters. */
const longestHead = 1024;
/** After the arguments, without blanks. */
const tail = `}${callEnding}`;

export class ToolCallReader {
  readonly #names: ReadonlySet<string>;
  #state: 'text' | 'head' | 'arguments' | 'tail' | 'between' = 'text';
  #pending = '';
  #calls = 0;
  /** Depth of the arguments that are being read. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  /** @param names of the tools; null: nothing is a call */
  constructor(names: ReadonlySet<string> | null) {
    this.#names = names ?? new Set();
  }

  read(text: string): readonly AnswerPart[] {
    if (this.#names.size === 0) return textPart(text);
    this.#pending += text;
    const parts: AnswerPart[] = [];
    for (let state: string | null = null; state !== this.#state && this.#pending !== ''; ) {
      state = this.#state;
      parts.push(...this.#step());
    }
    return parts;
  }

  /** What is left when the answer is over. */
  end(): readonly AnswerPart[] {
    const state = this.#state;
    const rest = this.#pending;
    [this.#state, this.#pending] = ['between', ''];
    if (state === 'text') return textPart(rest);
    if (state === 'head') return textPart(`${callOpening}${rest}`);
    return state === 'between' ? [] : [{ kind: 'call-end', call: this.#calls - 1, isWhole: state === 'tail' }];
  }

  #step(): readonly AnswerPart[] {
    if (this.#state === 'text') return this.#text();
    if (this.#state === 'head') return this.#head();
    if (this.#state === 'arguments') return this.#arguments();
    if (this.#state === 'tail') return this.#tail();
    // Blanks between calls are no text.
    this.#pending = this.#pending.trimStart();
    if (this.#pending !== '') this.#state = 'text';
    return [];
  }

  #text(): readonly AnswerPart[] {
    const at = this.#pending.indexOf(callOpening);
    if (at < 0) return textPart(this.#take(this.#pending.length - heldLength(this.#pending)));
    const text = this.#take(at).trimEnd();
    this.#take(callOpening.length);
    this.#state = 'head';
    return textPart(text);
  }

  #head(): readonly AnswerPart[] {
    const [whole, name = ''] = head.exec(this.#pending) ?? [];
    if (whole !== undefined && this.#names.has(name)) {
      this.#take(whole.length);
      [this.#state, this.#depth, this.#isInString, this.#isEscaped] = ['arguments', 0, false, false];
      this.#calls += 1;
      return [{ kind: 'call', call: this.#calls - 1, name }];
    }
    if (whole === undefined && this.#pending.length <= longestHead && !this.#pending.includes(callEnding)) return [];
    this.#state = 'text';
    return textPart(callOpening);
  }

  #arguments(): readonly AnswerPart[] {
    let at = 0;
    for (; at < this.#pending.length; at += 1) {
      this.#follow(this.#pending[at] as string);
      if (this.#depth > 0) continue;
      this.#state = 'tail';
      at += 1;
      break;
    }
    return [{ kind: 'arguments', call: this.#calls - 1, text: this.#take(at) }];
  }

  /** One character of the arguments. */
  #follow(character: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === '"') this.#isInString = !this.#isInString;
    else if (this.#isInString) this.#isEscaped = character === '\\';
    else if (character === '{' || character === '[') this.#depth += 1;
    else if (character === '}' || character === ']') this.#depth -= 1;
  }

  #tail(): readonly AnswerPart[] {
    const compact = this.#pending.replace(/\s+/g, '');
    if (compact.length < tail.length && tail.startsWith(compact)) return [];
    const end = compact.startsWith(tail) ? this.#pending.indexOf(callEnding) + callEnding.length : 0;
    this.#take(end);
    this.#state = 'between';
    return [{ kind: 'call-end', call: this.#calls - 1, isWhole: true }];
  }

  #take(length: number): string {
    const taken = this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    return taken;
  }
}

function textPart(text: string): readonly AnswerPart[] {
  return text === '' ? [] : [{ kind: 'text', text }];
}

/** Length of what may still become the beginning of a call: blanks, and a part of the tag. */
function heldLength(text: string): number {
  let tag = Math.min(callOpening.length - 1, text.length);
  while (tag > 0 && !text.endsWith(callOpening.slice(0, tag))) tag -= 1;
  const before = text.slice(0, text.length - tag);
  return text.length - before.trimEnd().length;
}
