// Text from elsewhere (an edge, a device, a model, a log) as a terminal may show it. Without their control characters no escape sequence of it
// can colour, clear or rename a terminal, or write over lines that stand there. What follows the character stays visible.

/** C0 and C1 controls, DEL, and the marks that reorder what follows them (Unicode "bidirectional controls"). */
const controls = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
/** As above, but of an answer line breaks and tabs are kept, and the marks that texts from right to left need. */
const answerControls = /[^\P{Cc}\n\t]/gu;

/** Longest foreign message that is shown, in characters. */
const mostCharacters = 4000;

/** One line: a cause, a remedy, a name. Line breaks and tabs become spaces, other control characters U+FFFD. */
export function foreignLine(text: string): string {
  const line = text.replace(/\s*[\r\n\t]\s*/g, ' ').replace(controls, '\ufffd');
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters)}...` : line;
}

/** Several lines, such as the stack of an error: each one as {@link foreignLine} shows it, with its indent. */
export function foreignLines(text: string): string {
  return text
    .split('\n')
    .map((line) => `${/^ */.exec(line)?.[0] ?? ''}${foreignLine(line.trim())}`)
    .join('\n');
}

/** Text of an answer. A carriage return is left out, so that no line is written over; other control characters become U+FFFD. */
export function foreignAnswer(text: string): string {
  return text.replaceAll('\r', '').replace(answerControls, '\ufffd');
}
