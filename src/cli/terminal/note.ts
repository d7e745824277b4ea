// Lines of a command: results on standard output, and what people should know of it on standard error.

import { styleText } from 'node:util';
import { writeAboveWaiting } from './waiting-line.ts';

/** A line of a result, on standard output. */
export function print(text: string): void {
  writeAboveWaiting(`${text}\n`, process.stdout);
}

/** A line about an edge. */
export function noteOfEdge(text: string): void {
  writeAboveWaiting(`${styleText('dim', 'edge')} ${text}\n`);
}

export function note(text: string): void {
  writeAboveWaiting(`${styleText('dim', text)}\n`);
}
