// What the page says about drafting in this tab.

import type { LookUpReason, TabState } from './tab-messages.ts';

const reasons: Readonly<Record<LookUpReason, string>> = {
  loading: 'The draft model is still being loaded; until then this tab drafts by look-up.',
  'no-draft': 'The edge has no draft model for a browser; this tab drafts by look-up.',
  'no-simd': 'This browser has no WebAssembly SIMD, so this tab drafts by look-up.',
  'no-memory': 'There is not enough memory for the draft model; this tab drafts by look-up.',
  cut: 'The draft model could not be loaded to its end; this tab drafts by look-up and tries again later.',
  'wrong-bytes': 'The draft model came with wrong bytes and was thrown away; this tab drafts by look-up.',
  refused: 'The edge gives the draft model to no one with this key; this tab drafts by look-up.',
  'engine-failed': 'The draft model does not run in this browser; this tab drafts by look-up.',
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
