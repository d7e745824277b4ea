// The error that a child process ends with, read off the lines that it printed.

import { stripVTControlCharacters } from 'node:util';
import { errorCodes, OutriderError } from '../../core/basics/errors.ts';

/** The error that a child process ends with, as failure.ts prints it: cause, then remedy and code. Passed on as this process's own. */
export class ChildFailure {
  #cause = '';
  #error: OutriderError | null = null;

  /** @returns whether the line is part of such an error */
  take(line: string): boolean {
    const plain = stripVTControlCharacters(line);
    if (plain.startsWith('✗ ') && !plain.startsWith('✗ a fault in outrider')) {
      this.#cause = plain.slice(2);
      return true;
    }
    const [, remedy, code] = /^ {2}(.+) \[([a-z-]+)\]$/.exec(plain) ?? [];
    const known = errorCodes.find((one) => one === code);
    if (this.#cause === '' || remedy === undefined || known === undefined) return false;
    this.#error = new OutriderError(known, this.#cause, remedy);
    return true;
  }

  /** @param fallback the error where it printed no known one */
  or(fallback: OutriderError): OutriderError {
    return this.#error ?? fallback;
  }
}
