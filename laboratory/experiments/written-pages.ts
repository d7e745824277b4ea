// The pages that people write, and what they say once their numbers are those of bench/.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type FigureSource, withFigures } from './page-figures.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const textOf = (path: string): string | undefined =>
  existsSync(root + path) ? readFileSync(root + path, 'utf8') : undefined;

const source: FigureSource = {
  document: (name) => JSON.parse(textOf(`bench/${name}.json`) ?? 'null') as unknown,
  page: (name) => textOf(`docs/results/${name}.md`),
};

export interface WrittenPage {
  /** Path from the root of the clone. */
  readonly page: string;
  readonly text: string;
  readonly filled: string;
}

/** README.md and docs/, without the pages of results. @throws Error as {@link withFigures}, with the page's name */
export function pagesWithFigures(): WrittenPage[] {
  const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root })].filter((page) => !/^docs.results/.test(page));
  return pages.toSorted().map((page) => {
    const text = textOf(page) ?? '';
    try {
      return { page, text, filled: withFigures(text, source) };
    } catch (error) {
      throw new Error(`${page}: ${(error as Error).message}`);
    }
  });
}
