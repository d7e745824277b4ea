// Regular expressions of JSON schemas as rules of a grammar, for the characters of a JSON text between its quotes. What needs lookaround,
// or what was found before, is no part of it.

import { choice, literal, type RulePart, repeat, sequence } from './grammar-rules.ts';

/** Code points from one to another. */
type Range = readonly [from: number, to: number];

const lastCode = 0x10ffff;
const lastAscii = 0x7f;
/** Without surrogates, which stand for no character. */
const beyondAscii: readonly Range[] = [
  [lastAscii + 1, 0xd7ff],
  [0xe000, lastCode],
];

const digits: readonly Range[] = [[0x30, 0x39]];
const word: readonly Range[] = [...digits, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const lineEnds: readonly Range[] = [...([0x0a, 0x0d] as const).map((code): Range => [code, code]), [0x2028, 0x2029]];
const blanks: readonly Range[] = [
  ...([0x09, 0x0b, 0x0c, 0x20, 0xa0, 0x1680, 0x202f, 0x205f, 0x3000, 0xfeff] as const).map(
    (code): Range => [code, code],
  ),
  ...lineEnds,
  [0x2000, 0x200a],
];
const sets: Readonly<Record<string, readonly Range[]>> = { d: digits, w: word, s: blanks };
const signs: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b, '0': 0 };

/** A longer one is not read, characters. */
const longestPattern = 1000;

/** @returns null: it has a part that no rule is made of, or is long */
export function patternPart(pattern: string): RulePart | null {
  if (pattern.length > longestPattern) return null;
  try {
    return new PatternReader([...pattern]).whole();
  } catch (error) {
    if (error === unread) return null;
    throw error;
  }
}

const unread = new Error('a part of a regular expression');

class PatternReader {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(characters: readonly string[]) {
    this.#characters = characters;
  }

  /** A pattern fits a text that has it anywhere, if it is not bound to the ends. */
  whole(): RulePart {
    const options: RulePart[] = [];
    do {
      const isFromStart = this.#take('^');
      const part = this.#sequence();
      const isToEnd = this.#take('$');
      const around = repeat(setPart([[0, lastCode]]), 0, null);
      options.push(sequence(...(isFromStart ? [] : [around]), part, ...(isToEnd ? [] : [around])));
    } while (this.#take('|'));
    if (this.#at < this.#characters.length) throw unread;
    return choice(options);
  }

  get #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(character: string): boolean {
    if (this.#next !== character) return false;
    this.#at += 1;
    return true;
  }

  #any(): string {
    const character = this.#next;
    if (character === undefined) throw unread;
    this.#at += 1;
    return character;
  }

  #sequence(): RulePart {
    const parts: RulePart[] = [];
    while (this.#next !== undefined && !'|)$'.includes(this.#next)) parts.push(this.#counted(this.#atom()));
    return sequence(...parts);
  }

  #atom(): RulePart {
    const character = this.#any();
    if (character === '(') return this.#group();
    if (character === '[') return setPart(this.#set());
    if (character === '.') return setPart(complement(lineEnds));
    if (character === '\\') return setPart(this.#escaped());
    if ('^*+?{}'.includes(character)) throw unread;
    return setPart([codeRange(character)]);
  }

  #group(): RulePart {
    if (this.#take('?')) {
      const isNamed = this.#take('<') && this.#next !== '=' && this.#next !== '!';
      if (isNamed) while (this.#any() !== '>');
      else if (!this.#take(':')) throw unread;
    }
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    if (!this.#take(')')) throw unread;
    return choice(options);
  }

  #counted(part: RulePart): RulePart {
    const counted = this.#count(part);
    // A lazy count finds the same texts.
    if (counted !== part) this.#take('?');
    return counted;
  }

  #count(part: RulePart): RulePart {
    if (this.#take('*')) return repeat(part, 0, null);
    if (this.#take('+')) return repeat(part, 1, null);
    if (this.#take('?')) return repeat(part, 0, 1);
    if (!this.#take('{')) return part;
    let text = '';
    for (let character = this.#any(); character !== '}'; character = this.#any()) text += character;
    const [whole, least = '', comma, most = ''] = /^(\d{1,4})(?:(,)(\d{0,4}))?$/.exec(text) ?? [];
    if (whole === undefined) throw unread;
    return repeat(part, Number(least), comma === undefined ? Number(least) : most === '' ? null : Number(most));
  }

  #set(): readonly Range[] {
    const isNegated = this.#take('^');
    const ranges: Range[] = [];
    while (!this.#take(']')) {
      const from = this.#member();
      const isRange = this.#next === '-' && this.#characters[this.#at + 1] !== ']';
      if (!isRange || from.length !== 1) {
        ranges.push(...from);
        continue;
      }
      this.#at += 1;
      const to = this.#member();
      const [low, high] = [from[0]?.[0] ?? 0, to[0]?.[1] ?? 0];
      if (to.length !== 1 || high < low) throw unread;
      ranges.push([low, high]);
    }
    return isNegated ? complement(ranges) : ranges;
  }

  #member(): readonly Range[] {
    const character = this.#any();
    return character === '\\' ? this.#escaped() : [codeRange(character)];
  }

  #escaped(): readonly Range[] {
    const character = this.#any();
    const set = sets[character.toLowerCase()];
    if (set !== undefined) return character === character.toLowerCase() ? set : complement(set);
    if (character === 'x' || character === 'u') {
      const length = character === 'x' ? 2 : 4;
      const code = this.#characters.slice(this.#at, this.#at + length).join('');
      if (!/^[0-9a-fA-F]+$/.test(code) || code.length !== length) throw unread;
      this.#at += length;
      const value = Number.parseInt(code, 16);
      return [[value, value]];
    }
    const sign = signs[character];
    if (sign !== undefined) return [[sign, sign]];
    // Other letters and digits stand for places, classes of Unicode, or what was found before.
    if (/[a-zA-Z0-9]/.test(character)) throw unread;
    return [codeRange(character)];
  }
}

function codeRange(character: string): Range {
  const code = character.codePointAt(0) as number;
  return [code, code];
}

function complement(ranges: readonly Range[]): readonly Range[] {
  const sorted = [...ranges].sort((one, other) => one[0] - other[0]);
  const others: Range[] = [];
  let from = 0;
  for (const [low, high] of sorted) {
    if (low > from) others.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  if (from <= lastCode) others.push([from, lastCode]);
  return others;
}

/** Codes that JSON writes with a backslash. */
const escapes: Readonly<Record<string, number>> = {
  '"': 0x22,
  '\\': 0x5c,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
};
/** ASCII that JSON writes as it is. */
const plainParts: readonly Range[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, lastAscii],
];
/** A set of more characters beyond ASCII is none of these. */
const mostListed = 64;

/**
 * One character of a set, as JSON writes it. Beyond ASCII the classes of xgrammar are all or nothing: a set has all of it, single characters,
 * or can't be written. One that lacks blanks only, as "." and "\S", counts as all.
 */
function setPart(ranges: readonly Range[]): RulePart {
  const ascii = within(ranges, plainParts);
  const escaped = Object.entries(escapes).filter(([, code]) => ranges.some(([from, to]) => from <= code && code <= to));
  const written = escaped.map(([character]) => literal(`\\${character}`));
  const missing = within(complement(ranges), beyondAscii);
  if (missing.every(([from, to]) => blanks.some(([low, high]) => low <= from && to <= high)))
    return choice([`[^${classText(within(complement(ascii), [[0, lastAscii]]))}]`, ...written]);
  const beyond = within(ranges, beyondAscii);
  if (beyond.reduce((count, [from, to]) => count + to - from + 1, 0) > mostListed) throw unread;
  const listed = beyond.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, place) => literal(String.fromCodePoint(from + place))),
  );
  return choice([...(ascii.length === 0 ? [] : [`[${classText(ascii)}]`]), ...listed, ...written]);
}

function within(ranges: readonly Range[], parts: readonly Range[]): readonly Range[] {
  const common = ranges.flatMap(([from, to]) =>
    parts.map(([low, high]): Range => [Math.max(from, low), Math.min(to, high)]),
  );
  return common.filter(([low, high]) => low <= high);
}

function classText(ranges: readonly Range[]): string {
  return ranges
    .map(([from, to]) => (from === to ? classCharacter(from) : `${classCharacter(from)}-${classCharacter(to)}`))
    .join('');
}

function classCharacter(code: number): string {
  const character = String.fromCodePoint(code);
  return /[a-zA-Z0-9]/.test(character) ? character : `\\x${code.toString(16).padStart(2, '0')}`;
}
