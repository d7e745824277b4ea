import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WordWrap } from './word-wrap.ts';

const columns = 9;
const wideCharacter = '語';

/** The lines that a terminal shows: it breaks a line before the character for which there is no column left. */
function shown(text: string): readonly string[] {
  const lines: string[][] = [[]];
  let column = 0;
  for (const [part, code, letter] of text.matchAll(/\p{Cc}\[(\d*)([A-Z])|./gsu)) {
    const cells = part === wideCharacter ? [part, ''] : [part];
    if (letter === 'G') column = Number(code) - 1;
    else if (letter === 'K') lines.at(-1)?.splice(column);
    else if (part === '\n' || column + cells.length > columns) {
      lines.push([]);
      column = 0;
    }
    if (letter !== undefined || part === '\n') continue;
    lines.at(-1)?.splice(column, cells.length, ...cells);
    column += cells.length;
  }
  return lines.map((line) => line.join('').trimEnd());
}

function written(pieces: readonly string[]): string {
  const wrap = new WordWrap(() => columns);
  return pieces.map((piece) => wrap.write(piece, (text) => text)).join('');
}

describe('words that are written in pieces', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['a word that grows beyond the line', ['we may', ' cal', 'l', ' it'], ['we may', 'call it']],
    ['one that begins behind the line', ['we may go', ' on'], ['we may go', 'on']],
    ['a line that is full, and its end', ['we may go', ' \non'], ['we may go', 'on']],
    ['one that is longer than a line', ['an ', 'unbreakable', ' w'], ['an', 'unbreakab', 'le w']],
    ['characters of two columns', ['語', '語語語語語'], ['語語語語', '語語']],
    ['a mark that joins the letter before', ['we may goo\u0301', ' on'], ['we may', 'goo\u0301 on']],
  ])('%s', (_, pieces, lines) => {
    expect(shown(written(pieces))).toEqual(lines);
  });

  it('keep their colours on the next line', () => {
    const wrap = new WordWrap(() => columns);
    const green = (text: string): string => `<${text}>`;
    const plain = (text: string): string => text;
    const parts = [wrap.write('we may c', plain), wrap.write('a', green), wrap.write('ll', plain)];
    expect(parts).toEqual(['we may c', '<a>', '\u001b[8G\u001b[K\nc<a>ll']);
  });

  it('are never broken where they fit on a line, however the text is cut', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: columns });
    const cut = fc.array(word, { maxLength: 12 }).chain((words) => {
      const text = words.join(' ');
      return fc.array(fc.nat(text.length), { maxLength: 8 }).map((ends) => {
        const sorted = [0, ...ends.toSorted((one, other) => one - other), text.length];
        return { words, pieces: sorted.slice(1).map((end, index) => text.slice(sorted[index], end)) };
      });
    });
    fc.assert(
      fc.property(cut, ({ words, pieces }) => {
        expect(
          shown(written(pieces))
            .flatMap((line) => line.split(' '))
            .filter(Boolean),
        ).toEqual(words);
      }),
    );
  });
});
