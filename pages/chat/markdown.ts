// Markdown as a tree: what answers of language models use of it. It reads in time proportional to the text, nests to a limit, and knows no
// HTML and no pictures: both stay text or links. Every leaf has its place in the source, so that a page can tint tokens.

import { type Inline, type Leaf, parseInline } from './markdown-inline.ts';

export type Block =
  | { readonly kind: 'paragraph'; readonly inside: readonly Inline[] }
  | { readonly kind: 'heading'; readonly level: number; readonly inside: readonly Inline[] }
  | { readonly kind: 'code'; readonly language: string; readonly lines: readonly Leaf[] }
  | { readonly kind: 'quote'; readonly inside: readonly Block[] }
  | {
      readonly kind: 'list';
      /** Null: it is not numbered. */
      readonly start: number | null;
      readonly items: readonly (readonly Block[])[];
    }
  | { readonly kind: 'table'; readonly head: Row; readonly rows: readonly Row[] }
  | { readonly kind: 'rule' };
export type Row = readonly (readonly Inline[])[];

/** A line, or what is left of it within a quote or a list; `at`: its place in the source. */
export type Line = Leaf;

/** Deeper quotes and lists are text. */
const mostDepth = 12;

export function parseMarkdown(source: string): readonly Block[] {
  let at = 0;
  const lines = source.split('\n').map((text) => {
    const line = { text, at };
    at += text.length + 1;
    return line;
  });
  return parseBlocks(lines, 0);
}

/** A block, and the index of the line after it. */
type Read = readonly [Block, number];
type Reader = (lines: readonly Line[], index: number, depth: number) => Read | null;

const readers: readonly Reader[] = [readCode, readHeading, readRule, readQuote, readList, readTable];

function parseBlocks(lines: readonly Line[], depth: number): readonly Block[] {
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; ) {
    if (isBlank(lines[index])) {
      index += 1;
      continue;
    }
    const [block, next] = firstOf(lines, index, depth) ?? readParagraph(lines, index, depth);
    blocks.push(block);
    index = next;
  }
  return blocks;
}

function firstOf(lines: readonly Line[], index: number, depth: number): Read | null {
  for (const read of readers) {
    const found = read(lines, index, depth);
    if (found !== null) return found;
  }
  return null;
}

function isBlank(line: Line | undefined): boolean {
  return line === undefined || line.text.trim() === '';
}

function without(line: Line, length: number): Line {
  return { text: line.text.slice(length), at: line.at + length };
}

function readParagraph(lines: readonly Line[], index: number, depth: number): Read {
  let end = index + 1;
  while (end < lines.length && !isBlank(lines[end]) && !interrupts(lines, end, depth)) end += 1;
  return [{ kind: 'paragraph', inside: parseInline(lines.slice(index, end).map(trimmed)) }, end];
}

function trimmed(line: Line): Line {
  const { text } = line;
  const start = text.length - text.trimStart().length;
  return { text: text.trim(), at: line.at + start };
}

/** Whether a line ends the paragraph before it: by what begins it alone, so that no block is read twice. */
function interrupts(lines: readonly Line[], index: number, depth: number): boolean {
  const { text = '' } = lines[index] ?? {};
  if (/^ {0,3}(?:`{3}|~{3}|#{1,6}(?: |$))/.test(text) || readRule(lines, index, depth) !== null) return true;
  return depth < mostDepth && (/^ {0,3}>/.test(text) || markerOf(text) !== null);
}

function readCode(lines: readonly Line[], index: number): Read | null {
  const { text = '' } = lines[index] ?? {};
  const [whole, indent = '', fence = '', word = ''] = /^( {0,3})(`{3,}|~{3,})(.*)$/s.exec(text) ?? [];
  // The rest matches whatever it is, so that nothing is tried twice.
  if (whole === undefined || word.includes('`')) return null;
  const closing = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}\\s*$`);
  let end = index + 1;
  while (end < lines.length && !closing.test(lines[end]?.text ?? '')) end += 1;
  const inner = lines.slice(index + 1, end).map((line) => {
    const blanks = line.text.length - line.text.trimStart().length;
    return without(line, Math.min(indent.length, blanks));
  });
  // An answer that is being written has no closing line yet.
  return [{ kind: 'code', language: word.trim().split(/\s/)[0] ?? '', lines: inner }, end + 1];
}

function readHeading(lines: readonly Line[], index: number): Read | null {
  const line = lines[index];
  const [marker, signs = ''] = /^ {0,3}(#{1,6})(?: +|$)/.exec(line?.text ?? '') ?? [];
  if (line === undefined || marker === undefined) return null;
  const rest = trimmed(without(line, marker.length));
  const text = rest.text.replace(/ #+$/, '');
  return [{ kind: 'heading', level: signs.length, inside: parseInline([{ text, at: rest.at }]) }, index + 1];
}

function readRule(lines: readonly Line[], index: number, _depth: number): Read | null {
  const signs = (lines[index]?.text ?? '').replaceAll(' ', '');
  return /^(?:-{3,}|\*{3,}|_{3,})$/.test(signs) ? [{ kind: 'rule' }, index + 1] : null;
}

function readQuote(lines: readonly Line[], index: number, depth: number): Read | null {
  if (depth >= mostDepth) return null;
  const inner: Line[] = [];
  let end = index;
  for (; end < lines.length; end += 1) {
    const line = lines[end] as Line;
    const marker = /^ {0,3}> ?/.exec(line.text)?.[0];
    if (marker === undefined) break;
    inner.push(without(line, marker.length));
  }
  return end === index ? null : [{ kind: 'quote', inside: parseBlocks(inner, depth + 1) }, end];
}

interface Marker {
  readonly indent: number;
  /** Where the text of the item begins. */
  readonly width: number;
  /** Null: it is not numbered. */
  readonly number: number | null;
  readonly sign: string;
}

function markerOf(text: string): Marker | null {
  const [whole, indent = '', sign = ''] = /^( {0,8})([-*+]|\d{1,9}[.)])(?: {1,4}|$)/.exec(text) ?? [];
  if (whole === undefined) return null;
  const number = /^\d/.test(sign) ? Number.parseInt(sign, 10) : null;
  return { indent: indent.length, width: whole.length, number, sign: sign.slice(-1) };
}

function readList(lines: readonly Line[], index: number, depth: number): Read | null {
  const first = markerOf(lines[index]?.text ?? '');
  if (first === null || depth >= mostDepth) return null;
  const items: (readonly Block[])[] = [];
  let at = index;
  while (at < lines.length) {
    const line = lines[at] as Line;
    const marker = markerOf(line.text);
    if (marker === null || marker.sign !== first.sign || marker.indent > first.indent + 1) break;
    const inner = [without(line, marker.width)];
    at += 1;
    for (; at < lines.length && belongs(lines, at, marker); at += 1) {
      const own = lines[at] as Line;
      const blanks = own.text.length - own.text.trimStart().length;
      inner.push(without(own, Math.min(marker.width, blanks)));
    }
    items.push(parseBlocks(inner, depth + 1));
    while (isBlank(lines[at]) && at < lines.length && markerOf(lines[at + 1]?.text ?? '')?.sign === first.sign) at += 1;
  }
  return [{ kind: 'list', start: first.number, items }, at];
}

/** Whether a line belongs to an item: it is indented, or continues a paragraph of it. */
function belongs(lines: readonly Line[], index: number, { indent }: Marker): boolean {
  const { text = '' } = lines[index] ?? {};
  const blanks = text.length - text.trimStart().length;
  if (isBlank(lines[index])) {
    const next = lines[index + 1];
    return next !== undefined && !isBlank(next) && next.text.length - next.text.trimStart().length > indent + 1;
  }
  if (blanks > indent + 1) return true;
  return !isBlank(lines[index - 1]) && !interrupts(lines, index, 0);
}

function readTable(lines: readonly Line[], index: number): Read | null {
  const [head, below] = [lines[index], lines[index + 1]];
  if (head === undefined || below === undefined || !head.text.includes('|')) return null;
  const columns = cellsOf(below);
  if (columns.length === 0 || !columns.every(({ text }) => /^:?-+:?$/.test(text))) return null;
  const named = cellsOf(head);
  if (named.length !== columns.length) return null;
  let end = index + 2;
  while (end < lines.length && !isBlank(lines[end]) && lines[end]?.text.includes('|')) end += 1;
  const rowOf = (cells: readonly Line[]): Row =>
    columns.map((_, at) => parseInline([cells[at] ?? { text: '', at: 0 }]));
  const rows = lines.slice(index + 2, end).map((line) => rowOf(cellsOf(line)));
  return [{ kind: 'table', head: rowOf(named), rows }, end];
}

/** Most columns of a table. */
const mostColumns = 40;

function cellsOf(line: Line): readonly Line[] {
  const whole = trimmed(line);
  const cells: Line[] = [];
  let at = whole.at;
  for (const text of whole.text.split('|').slice(0, mostColumns + 2)) {
    cells.push(trimmed({ text, at }));
    at += text.length + 1;
  }
  if (cells[0]?.text === '') cells.shift();
  if (cells.at(-1)?.text === '') cells.pop();
  return cells.slice(0, mostColumns);
}
