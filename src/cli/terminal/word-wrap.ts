// Breaks the lines of a text between words while it is written in pieces. A word is shown as soon as its first letters are there; where it
// reaches the last column, it is erased and begins the next line.

/** Gives a text its colour. */
export type Paint = (text: string) => string;

export class WordWrap {
  readonly #columns: () => number;
  /** Column of the next character, from 0; the number of columns: behind the last one. */
  #column = 0;
  /** Column where the last word begins. */
  #start = 0;
  #word: { readonly paint: Paint; text: string }[] = [];

  /** @param columns of the terminal, which may change */
  constructor(columns: () => number) {
    this.#columns = columns;
  }

  /** @returns what to write, with escape sequences. @param paint one function for each colour */
  write(text: string, paint: Paint): string {
    const width = this.#columns();
    let written = '';
    let run = '';
    for (const character of text) {
      const cells = cellsOf(character, this.#column);
      const fits = this.#column + cells <= width;
      if (character === '\n') this.#begin(0);
      else if (character === ' ' || character === '\t') this.#begin(fits ? this.#column + cells : width);
      else {
        if (cells === 2) this.#begin(this.#column);
        if (!fits && this.#start > 0) {
          written += `${run === '' ? '' : paint(run)}${this.#moveWord()}`;
          run = '';
        } else if (!fits) this.#begin(0);
        this.#add(character, cells, paint);
      }
      // A space for which there is no column would begin the next line.
      if (fits || this.#word.length > 0 || character === '\n') run += character;
    }
    return run === '' ? written : written + paint(run);
  }

  /** Something else was written, and a line of its own begins. */
  reset(): void {
    this.#begin(0);
  }

  #begin(column: number): void {
    this.#column = this.#start = column;
    this.#word = [];
  }

  #add(character: string, cells: number, paint: Paint): void {
    this.#column += cells;
    const last = this.#word.at(-1);
    if (last?.paint === paint) last.text += character;
    else this.#word.push({ paint, text: character });
  }

  /** @returns what erases the last word and writes it on the next line */
  #moveWord(): string {
    const erased = this.#word.length === 0 ? '' : `\u001b[${this.#start + 1}G\u001b[K`;
    this.#column -= this.#start;
    this.#start = 0;
    return `${erased}\n${this.#word.map(({ paint, text }) => paint(text)).join('')}`;
  }
}

const wide = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{Emoji_Presentation}\u3000-\u303f\uff00-\uff60]/u;

/** Columns that a character takes: marks that join the one before none, those of East Asia and emoji two. */
function cellsOf(character: string, column: number): number {
  if (character === '\t') return 8 - (column % 8);
  if (/[\p{M}\p{Cf}]/u.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
