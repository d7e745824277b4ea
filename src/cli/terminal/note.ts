// A line for people about a command that runs, on standard error, so that standard output holds results alone.

import { styleText } from 'node:util';

export function note(text: string): void {
  process.stderr.write(`${styleText('dim', text)}\n`);
}
