// A process of its own in which an unknown file is opened for the first time, so that an abort of the engine's native code ends this
// process and no other. file-trial.ts starts it.

import { fileURLToPath } from 'node:url';
import { asOutriderError, type ErrorCode } from '../../core/basics/errors.ts';
import { sampleTokens } from '../exactness/sample-text.ts';
import { type LlamaOptions, openLlamaModel } from './llama.ts';

/** What the process gets, as JSON in its first argument. */
export interface TrialOptions extends Omit<LlamaOptions, 'onLawProgress' | 'countsChanges'> {
  /** Whether its tokenizer is used: that of a draft with a map is not. */
  readonly encodes: boolean;
}

/** Its messages. Without `done` or `failed` the process has crashed on the file. */
export type TrialMessage =
  | { readonly kind: 'started' }
  | { readonly kind: 'progress'; readonly text: string; readonly done: number; readonly total: number }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly cause: string; readonly remedy: string }
  | { readonly kind: 'done' };

export const trialProcessUrl: URL = new URL(import.meta.url);

/** Over the channel to its parent, if there is one. */
function say(message: TrialMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, () => resolve());
  });
}

async function tryFile(options: TrialOptions): Promise<TrialMessage> {
  await say({ kind: 'started' });
  try {
    const onLawProgress = (text: string, done: number, total: number): void =>
      void say({ kind: 'progress', text, done, total });
    const model = await openLlamaModel({ ...options, onLawProgress });
    if (options.encodes) sampleTokens(model.tokenizer, 1);
    await model.close();
    return { kind: 'done' };
  } catch (error) {
    const { code, message: cause, remedy } = asOutriderError(error);
    return { kind: 'failed', code, cause, remedy };
  }
}

async function main(options: string): Promise<void> {
  // No one waits any more.
  process.on('disconnect', () => process.exit(1));
  await say(await tryFile(JSON.parse(options) as TrialOptions));
  process.exit(0);
}

// Not awaited: this module is imported as well, and a program may load the package with require.
if (process.argv[1] === fileURLToPath(trialProcessUrl)) void main(process.argv[2] ?? '{}');
