// Lines of a command: results on standard output, and what people should know of it on standard error.

import { styleText } from 'node:util';

/** A line of a result, on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line about an edge. */
export function noteOfEdge(text: string): void {
  process.stderr.write(`${styleText('dim', 'edge')} ${text}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${styleText('dim', text)}\n`);
}
