// The tab as what writes the answers of the page to chat. Where a tab can't draft with this endpoint, another answerer does it all.

import { isOutriderError } from '../../src/core/basics/errors.ts';
import { type Abilities, type AnswerEnd, AnswerFailure, type Answerer, type AnswerPart, type Question } from '../parts/answerer.ts';
import { openTab, type Tab, type TabOptions } from './tab.ts';
import type { TabReport } from './tab-messages.ts';

export interface TabAnswererOptions extends TabOptions {
  /** Delays both runs of a comparison, ms. */
  readonly emulatedRoundTripMs?: number;
  /** Answers where this tab can't draft: an endpoint that drafts itself, or a target without a tokenizer here. */
  readonly otherwise: Answerer;
}

export function createTabAnswerer({ otherwise, emulatedRoundTripMs = 0, ...options }: TabAnswererOptions): Answerer {
  let tab: Tab | null = null;
  return {
    async open(): Promise<Abilities> {
      tab ??= await openTab(options).catch(() => null);
      if (tab === null) return otherwise.open();
      const { model } = tab.state;
      // A key for drafting alone may not ask the endpoint.
      const { emulated } = await otherwise.open().catch(() => ({ emulated: {} }));
      return { model, drafts: 'tab', emulated: { ...emulated, roundTripMs: emulatedRoundTripMs || undefined } };
    },
    answer(question, onPart, signal) {
      return tab === null
        ? otherwise.answer(question, onPart, signal)
        : answerInTab(tab, question, emulatedRoundTripMs, onPart, signal);
    },
  };
}

async function answerInTab(
  tab: Tab,
  { said, seed, temperature, mostTokens, withDrafts }: Question,
  emulatedRoundTripMs: number,
  onPart: (part: AnswerPart) => void,
  signal: AbortSignal,
): Promise<AnswerEnd> {
  const answer = tab.ask(
    said.map(({ role, text }) => ({ role, content: text })),
    {
      mode: withDrafts ? 'auto' : 'ar',
      maxAnswerTokens: mostTokens,
      sampling: { seed, temperature },
      emulatedRoundTripMs,
    },
  );
  const stop = (): void => answer.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const pieces of answer) onPart({ text: pieces.map(({ text }) => text).join(''), pieces, verified: true });
    const report = await answer.report;
    signal.throwIfAborted();
    return endOf(report);
  } catch (error) {
    if (signal.aborted || !isOutriderError(error)) throw error;
    throw new AnswerFailure(kinds[error.code] ?? 'refused', error.message);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const kinds: Readonly<Record<string, AnswerFailure['kind']>> = {
  unauthorized: 'key',
  'edge-unreachable': 'away',
  'edge-silent': 'cut',
};

function endOf({ reason, mode, edges, tokens, sentDrafts, acceptedTokens }: TabReport): AnswerEnd {
  return { reason: reason === 'length' ? 'length' : 'end', mode, edges, tokens, sentDrafts, acceptedDrafts: acceptedTokens };
}
