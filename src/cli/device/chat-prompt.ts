// Reads the lines of a chat from a terminal. It leaves the terminal alone while an answer runs, so that Ctrl-C is a signal then.

import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';
import { isTerminalLost } from '../terminal/failure.ts';

/** @returns reads the next line; undefined: end of input, a second Ctrl-C, or a terminal that is gone */
export function createChatPrompt(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  signal: AbortSignal,
): () => Promise<string | undefined> {
  let history: string[] = [];
  const ask = async (): Promise<string | undefined> => {
    const reader = createInterface({ input, output, history });
    reader.on('history', (lines) => {
      history = [...lines];
    });
    let isClosed = false;
    let interruptCount = 0;
    reader.on('SIGINT', () => {
      interruptCount += reader.line === '' ? 1 : 0;
      if (interruptCount > 1) reader.close();
      else {
        // Ctrl-U: what was typed is thrown away.
        reader.write(null, { ctrl: true, name: 'u' });
        output.write(`\n${styleText('dim', 'Ctrl-C again, Ctrl-D or /exit ends the chat.')}\n`);
        reader.prompt(true);
      }
    });
    // A terminal that is gone can't be read: that is the end of the input.
    const onGone = (): void => reader.close();
    input.once('error', onGone);
    try {
      const closed = new Promise<undefined>((resolve) => {
        reader.once('close', () => {
          isClosed = true;
          resolve(undefined);
        });
      });
      return await Promise.race([reader.question(styleText('bold', '> '), { signal }), closed]);
    } catch (error) {
      signal.throwIfAborted();
      if (isClosed) return undefined;
      throw error;
    } finally {
      input.off('error', onGone);
      reader.close();
    }
  };
  return async () => {
    try {
      return await ask();
    } catch (error) {
      // Setting up a terminal fails, too, where it is gone.
      if (isTerminalLost(error)) return undefined;
      throw error;
    }
  };
}
