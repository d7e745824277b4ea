// What the picture of README.md shows, as the lines that the program printed: the picture breaks them at spaces.

import { readFileSync } from 'node:fs';

const picture = new URL('../docs/figures/terminal.svg', import.meta.url);

/** All words, in one line; rows of the table keep their columns apart by two spaces or more. */
export function pictureText(): string {
  const svg = readFileSync(picture, 'utf8');
  const lines = [...svg.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, spans = '']) =>
    spans.replaceAll(/<[^>]+>/g, ''),
  );
  const text = lines.join(' ');
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** The answer: between what the edge says of itself and the table. */
export function pictureAnswer(): string {
  const [, answer = ''] = /edge \d+ sessions of \d+ tokens (.*?) mode +ms per token/.exec(pictureText()) ?? [];
  return answer.trim();
}
