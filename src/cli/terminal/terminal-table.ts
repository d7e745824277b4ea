// A small aligned table for people. Numbers line up on the right, words on the left; the caller decides on rounding and units.
// It writes nothing and adds no colour, but accepts cells that are coloured already.

import { stripVTControlCharacters } from 'node:util';

/** Lines joined by newlines, without one at the end. A missing cell shows as "-". @param keys of the rows, which are the headings */
export function formatTable(rows: readonly object[], keys: readonly string[]): string {
  const values = rows.map((row) => keys.map((key) => (row as Readonly<Record<string, unknown>>)[key]));
  const cells = values.map((line) => line.map(show));
  const onRight = keys.map((_, index) => values.length > 0 && values.every((line) => isNumeric(line[index])));
  const widths = keys.map((heading, index) =>
    Math.max(width(heading), ...cells.map((line) => width(line[index] ?? ''))),
  );
  const layOut = (line: readonly string[]): string =>
    line
      .map((text, index) => pad(text, widths[index] ?? 0, onRight[index] ?? false))
      .join('  ')
      .trimEnd();
  return [layOut(keys), layOut(widths.map((columnWidth) => '-'.repeat(columnWidth))), ...cells.map(layOut)].join('\n');
}

function show(cell: unknown): string {
  return cell === undefined || cell === null ? '-' : String(cell);
}

/** "0.68x", "12 ms" and "75 %" count as numbers: a unit may follow. */
function isNumeric(cell: unknown): boolean {
  if (cell === undefined || cell === null || typeof cell === 'number') return true;
  return typeof cell === 'string' && /^[-+]?\d[\d.,]*( ?[^\s\d]{1,4})?$/.test(stripVTControlCharacters(cell));
}

function pad(text: string, columnWidth: number, onRight: boolean): string {
  const space = ' '.repeat(Math.max(0, columnWidth - width(text)));
  return onRight ? space + text : text + space;
}

function width(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
