// The inside of a paragraph: emphasis, code, links. A link leads to http, https or mailto, and to nothing else.

/** Text as it stands in the source from `at` on. */
export interface Leaf {
  readonly text: string;
  readonly at: number;
}

export type Inline =
  | (Leaf & { readonly kind: 'text' })
  | (Leaf & { readonly kind: 'code' })
  | { readonly kind: 'strong' | 'emphasis' | 'strike'; readonly inside: readonly Inline[] }
  | { readonly kind: 'link'; readonly href: string; readonly inside: readonly Inline[] };

/** Deeper emphasis is text. */
const mostDepth = 12;
const longestAddress = 2000;

/** @param lines of one paragraph @returns its parts; line ends are text */
export function parseInline(lines: readonly Leaf[]): readonly Inline[] {
  return new InlineReader(lines).read();
}

type Kind = 'strong' | 'emphasis' | 'strike' | 'link';

/** What began and has not ended. */
interface Open {
  readonly kind: Kind;
  /** What stands in the source: it is text if nothing ends it. */
  readonly sign: string;
  /** Its place in the source. */
  readonly at: number;
  readonly inside: Inline[];
}

const signs: Readonly<Record<string, Kind>> = {
  '**': 'strong',
  __: 'strong',
  '~~': 'strike',
  '*': 'emphasis',
  _: 'emphasis',
};

class InlineReader {
  readonly #text: string;
  /** Where each line begins, in the text and in the source. */
  readonly #starts: readonly { readonly from: number; readonly at: number }[];
  readonly #ticks: ReadonlyMap<number, readonly number[]>;
  readonly #root: Inline[] = [];
  readonly #open: Open[] = [];
  #line = 0;
  /** Text up to here is in the tree. */
  #done = 0;

  constructor(lines: readonly Leaf[]) {
    let from = 0;
    this.#starts = lines.map(({ text, at }) => {
      const start = { from, at };
      from += text.length + 1;
      return start;
    });
    this.#text = lines.map(({ text }) => text).join('\n');
    this.#ticks = ticksIn(this.#text);
  }

  read(): readonly Inline[] {
    const text = this.#text;
    // What means something: a backslash, ticks, emphasis, brackets, an address.
    const marks = /\\[!-/:-@[-`{-~]|`+|\*+|_+|~~|!?\[|\]|https?:\/\//g;
    for (let found = marks.exec(text); found !== null; found = marks.exec(text))
      marks.lastIndex = this.#mark(found[0], found.index);
    this.#put(text.length);
    this.#closeTo(0);
    return this.#root;
  }

  /** @returns where reading continues */
  #mark(mark: string, at: number): number {
    const end = at + mark.length;
    const [sign = ''] = mark;
    if (sign === '\\') {
      this.#put(at);
      this.#done = at + 1;
      return end;
    }
    if (sign === '`') return this.#code(mark, at);
    if (mark.endsWith('[')) return this.#begin('link', mark, at);
    if (sign === ']') return this.#endLink(at);
    if (sign === 'h') return this.#address(at);
    // A long run is a line that somebody draws.
    if (mark.length > 3) return end;
    const isInnermost = mark.length > 2 && this.#open.at(-1)?.sign === sign;
    return this.#emphasis(isInnermost ? sign : mark.slice(0, 2), at);
  }

  get #inside(): Inline[] {
    return this.#open.at(-1)?.inside ?? this.#root;
  }

  /** Puts the text before an index into the tree. */
  #put(end: number): void {
    this.#leaves('text', this.#done, end);
    this.#done = Math.max(this.#done, end);
  }

  #leaves(kind: 'text' | 'code', from: number, end: number): void {
    for (let at = from; at < end; ) {
      const place = this.#placeOf(at);
      const next = Math.min(end, this.#starts[this.#line + 1]?.from ?? end);
      this.#inside.push({ kind, text: this.#text.slice(at, next), at: place });
      at = next;
    }
  }

  /** In the source. Indices come in their order. */
  #placeOf(at: number): number {
    while ((this.#starts[this.#line + 1]?.from ?? Number.POSITIVE_INFINITY) <= at) this.#line += 1;
    const start = this.#starts[this.#line] ?? { from: 0, at: 0 };
    return start.at + at - start.from;
  }

  #code(ticks: string, at: number): number {
    const end = at + ticks.length;
    const places = this.#ticks.get(ticks.length) ?? [];
    const closing = places[firstAfter(places, at)];
    if (closing === undefined) return end;
    this.#put(at);
    this.#leaves('code', end, closing);
    this.#done = closing + ticks.length;
    return this.#done;
  }

  #begin(kind: Kind, sign: string, at: number): number {
    const end = at + sign.length;
    if (this.#open.length >= mostDepth) return end;
    this.#put(at);
    this.#open.push({ kind, sign, at: this.#placeOf(at), inside: [] });
    this.#done = end;
    return end;
  }

  #emphasis(sign: string, at: number): number {
    const end = at + sign.length;
    const kind = signs[sign];
    if (kind === undefined) return end;
    const [before, after] = [this.#text[at - 1] ?? ' ', this.#text[end] ?? ' '];
    const isWord = sign.startsWith('_');
    const mayEnd = !/\s/.test(before) && !(isWord && /[\p{L}\p{N}]/u.test(after));
    const mayBegin = !/\s/.test(after) && !(isWord && /[\p{L}\p{N}]/u.test(before));
    const index = mayEnd ? this.#open.findLastIndex((one) => one.sign === sign) : -1;
    if (index >= 0) {
      this.#put(at);
      this.#closeTo(index + 1);
      this.#wrap((inside) => ({ kind: kind as Exclude<Kind, 'link'>, inside }));
      this.#done = end;
      return end;
    }
    return mayBegin ? this.#begin(kind, sign, at) : end;
  }

  #endLink(at: number): number {
    const index = this.#open.findLastIndex(({ kind }) => kind === 'link');
    if (index < 0) return at + 1;
    const target = this.#text[at + 1] === '(' ? addressAt(this.#text, at + 2) : null;
    const href = target === null ? null : safeAddress(target.address);
    this.#put(at);
    this.#closeTo(index + 1);
    if (href === null || target === null) {
      this.#closeTo(index);
      return at + 1;
    }
    this.#wrap((inside) => ({ kind: 'link', href, inside }));
    this.#done = target.end;
    return target.end;
  }

  #address(at: number): number {
    const isWithin = this.#open.some(({ kind }) => kind === 'link');
    if (isWithin || /[\p{L}\p{N}]/u.test(this.#text[at - 1] ?? ' ')) return at + 'http'.length;
    const [found = ''] = /^[^\s<>"`|\\]{1,2000}/.exec(this.#text.slice(at, at + longestAddress)) ?? [];
    const address = found.replace(/[.,;:!?'*_~)\]]{1,8}$/, '');
    const href = safeAddress(address);
    if (href === null) return at + 'http'.length;
    this.#put(at);
    const end = at + address.length;
    this.#open.push({ kind: 'link', sign: '', at, inside: [] });
    this.#put(end);
    this.#wrap((inside) => ({ kind: 'link', href, inside }));
    return end;
  }

  /** Turns the innermost that is open into a part. */
  #wrap(make: (inside: readonly Inline[]) => Inline): void {
    const innermost = this.#open.pop();
    if (innermost !== undefined) this.#inside.push(make(innermost.inside));
  }

  /** What has not ended is text. */
  #closeTo(count: number): void {
    const unended = this.#open.splice(count);
    for (const { sign, at, inside } of unended) {
      this.#inside.push({ kind: 'text', text: sign, at });
      for (const part of inside) this.#inside.push(part);
    }
  }
}

/** Runs of ticks: for each length, where they begin. */
function ticksIn(text: string): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>();
  for (const {
    0: { length },
    index,
  } of text.matchAll(/`+/g)) {
    const known = places.get(length) ?? [];
    known.push(index);
    places.set(length, known);
  }
  return places;
}

/** Index of the first place after `at`, by halves. */
function firstAfter(places: readonly number[], at: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The address in brackets from an index on, and the index after them. */
function addressAt(text: string, from: number): { readonly address: string; readonly end: number } | null {
  let depth = 0;
  for (let at = from; at < Math.min(text.length, from + longestAddress); at += 1) {
    const sign = text[at];
    if (sign === '\n') return null;
    if (sign === '(') depth += 1;
    if (sign !== ')') continue;
    if (depth === 0) return { address: text.slice(from, at).trim().replace(/\s.*$/, ''), end: at + 1 };
    depth -= 1;
  }
  return null;
}

/** @returns null for any address but http, https and mailto */
function safeAddress(text: string): string | null {
  const address = text.replace(/^<(.*)>$/, '$1');
  if (!/^(?:https?:\/\/|mailto:)/i.test(address) || !URL.canParse(address)) return null;
  const { protocol, href } = new URL(address);
  return ['http:', 'https:', 'mailto:'].includes(protocol) ? href : null;
}
