// For tests of comparisons: texts that are wrong by one character only. A comparison that reads a part of a text takes one of them.

/** The text with another first character, and with another last one. @param from index of the first character that may differ */
export function neighbours(text: string, from = 0): readonly [first: string, last: string] {
  const last = text.length - 1;
  return [replaced(text, from), replaced(text, last)];
}

/** A digit stays a digit, a small letter of hex digits one. */
function replaced(text: string, at: number): string {
  const other = text[at] === '1' ? '2' : '1';
  return `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
}
