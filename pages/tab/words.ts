// What the page says about drafting in this tab.

import type { LookUpReason, TabState } from './tab-messages.ts';

const reasons: Readonly<Record<LookUpReason, string>> = {
  loading: 'The draft model is being loaded. Until then this tab guesses from the text so far.',
  'no-draft':
    'The edge has no draft model for a browser, so this tab guesses from the text so far. Its operator can name one (--tab-draft).',
  'no-simd':
    'This browser has no WebAssembly SIMD, so this tab guesses from the text so far. A newer browser runs the draft model.',
  'no-memory':
    'There is not enough memory for the draft model, so this tab guesses from the text so far. Close other tabs and load the page again.',
  cut: 'The draft model could not be loaded to its end. This tab guesses from the text so far, and tries again in a minute.',
  'wrong-bytes':
    'The draft model came with wrong bytes and was thrown away. This tab guesses from the text so far; load the page again.',
  refused:
    'The edge no longer gives this draft model, or not for this key. This tab guesses from the text so far; load the page again.',
  'engine-failed':
    'The draft model does not run in this browser. This tab guesses from the text so far; load the page again, or take another browser.',
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** One or two sentences. */
export function wordsOfState({ draft, lookUp, loadedBytes, totalBytes, isKept }: TabState): string {
  if (lookUp === null) {
    const again = isKept ? '' : ' This browser keeps no files, so it is loaded again next time.';
    return `${draft} drafts in this tab.${again}`;
  }
  const share = lookUp === 'loading' ? ` ${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB.` : '';
  return `${reasons[lookUp]}${share}`;
}
