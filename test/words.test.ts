// The words of comments. CONTRIBUTING.md has the rules: a clause needs a noun, and a comment uses the field's
// terms: sent, notified, follow, receive, check, no one, continues.

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const houses = ['bin', 'src', 'simulator', 'laboratory'];

const root = fileURLToPath(new URL('..', import.meta.url));
const comment = /^\s*(?:\/\/|\/?\*)(.*)|\s\/\/ (.*)/;
const nounless = /^\s*(?:\/\*)?\* Of /;
/** Terms of the field. */
const lookUp = /\blook(?:s|ed|ing)?[- ]up\b|\blook-?(?:up|around|ahead)s?\b/gi;
const words =
  /\b(?:told|tells?|telling|obey(?:s|ed|ing)?|hears?|heard|hearing|hurr(?:y|ies|ied|ying)|look(?:s|ed|ing)?|nobody|(?:go|goes|going|went|gone) on|anew|dear)\b/i;

/** Lines of comments against the rules. A comment that begins with "Of" does so in its first line. */
function faultsIn(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const [, whole, behind] = comment.exec(line) ?? [];
    const said = (whole ?? behind)?.replace(lookUp, '');
    if (said === undefined) return [];
    const begins = line.trimStart().startsWith('/**') || lines[index - 1]?.trim() === '/**';
    return words.test(said) || (begins && nounless.test(line)) ? [`${index + 1}: ${line.trim()}`] : [];
  });
}

it.each(houses)('comments of %s use the words of the field', (folder) => {
  const files = globSync(`${folder}/**/*.ts`, { cwd: root });
  expect(files.length).toBeGreaterThan(0);
  expect(
    files.flatMap((file) => faultsIn(readFileSync(`${root}/${file}`, 'utf8')).map((fault) => `${file}:${fault}`)),
  ).toEqual([]);
});

it('finds other words, and nothing else', () => {
  const faulty = [
    '/** Of the edge. */',
    '// Nobody waits.',
    'f(); // told once',
    ' * It goes on.',
    '/**\n * Of the edge.\n */',
  ];
  for (const text of faulty) expect(faultsIn(text), text).toHaveLength(1);
  const sound = [
    '// Prompt look-up: an id is looked up.',
    " * the rate\n * Of Saxena's",
    "const told = 'nobody';",
    '/** Part of it. */',
  ];
  for (const text of sound) expect(faultsIn(text), text).toEqual([]);
});
