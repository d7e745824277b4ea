// A line for people about a command that runs, on standard error, so that standard output holds results alone.

import { styleText } from 'node:util';

/** A line of a command that is about an edge. */
export function noteOfEdge(text: string): void {
  process.stderr.write(`${styleText('dim', 'edge')} ${text}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${styleText('dim', text)}\n`);
}
