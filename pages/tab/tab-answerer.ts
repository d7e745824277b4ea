// The tab as what writes the answers of the page to chat. Where a tab can't draft with this endpoint, another answerer does it all.

import { defined } from '../../src/core/basics/defined.ts';
import { isOutriderError } from '../../src/core/basics/errors.ts';
import {
  type Abilities,
  type AnswerEnd,
  type Answerer,
  AnswerFailure,
  type AnswerPart,
  type Question,
} from '../parts/answerer.ts';
import type { OnWait } from '../parts/while-loading.ts';
import { openTab, type Tab } from './tab.ts';
import type { TabReport, TabState } from './tab-messages.ts';

export interface TabAnswererOptions {
  /** The key that the page has now; null: none. */
  readonly keyOf: () => string | null;
  /** Delays both runs of a comparison, ms. */
  readonly emulatedRoundTripMs?: number;
  /** Called when what drafts has changed. */
  readonly onState?: (state: TabState) => void;
  /** Called when the connection of an answer is lost, and when it is there again. */
  readonly onLink?: (isLost: boolean) => void;
  /** Called while the edge loads its model. */
  readonly onWait?: OnWait;
  /** Answers where this tab can't draft: an endpoint that drafts itself, or a target without a tokenizer here. */
  readonly otherwise: Answerer;
}

/** @param openDevice default: a tab with workers of its own */
export function createTabAnswerer(options: TabAnswererOptions, openDevice: typeof openTab = openTab): Answerer {
  const { keyOf, otherwise, onState, onLink = () => {}, onWait = () => {}, emulatedRoundTripMs = 0 } = options;
  let opened: { readonly tab: Tab; readonly key: string | null } | null = null;
  const open = async (): Promise<Tab | null> => {
    const key = keyOf();
    if (opened?.key === key) return opened.tab;
    opened?.tab.close();
    const tab = await openDevice({ key: key ?? undefined, ...defined({ onState }) }).catch(() => null);
    opened = tab === null ? null : { tab, key };
    return tab;
  };
  return {
    async open(): Promise<Abilities> {
      if (opened !== null && opened.key !== keyOf()) {
        // A key that was forgotten asks for nothing more.
        opened.tab.close();
        opened = null;
      }
      const known = await otherwise.open().catch((error: unknown) => {
        // A key for drafting alone may not ask the endpoint.
        if (keyOf() === null) throw error;
        return { error };
      });
      // Where a device drafts already, no worker is started.
      const tab = 'drafts' in known && known.drafts === 'device' ? null : await open();
      if (tab === null && 'error' in known) throw known.error;
      if (tab === null) return known as Abilities;
      const emulated = 'error' in known ? {} : known.emulated;
      const roundTripMs = emulatedRoundTripMs || undefined;
      return { model: tab.state.model, drafts: 'tab', emulated: { ...emulated, roundTripMs } };
    },
    answer(question, onPart, signal) {
      return opened === null || opened.key !== keyOf()
        ? otherwise.answer(question, onPart, signal)
        : answerInTab({ tab: opened.tab, emulatedRoundTripMs, onLink, onWait }, question, onPart, signal);
    },
  };
}

interface TabRun {
  readonly tab: Tab;
  readonly emulatedRoundTripMs: number;
  readonly onLink: (isLost: boolean) => void;
  readonly onWait: OnWait;
}

async function answerInTab(
  { tab, emulatedRoundTripMs, onLink, onWait }: TabRun,
  { said, seed, temperature, mostTokens, withDrafts }: Question,
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
  answer.onLink = onLink;
  answer.onLoading = onWait;
  const stop = (): void => answer.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const pieces of answer) {
      onWait(null);
      onPart({ text: pieces.map(({ text }) => text).join(''), pieces, verified: true });
    }
    const report = await answer.report;
    signal.throwIfAborted();
    return endOf(report);
  } catch (error) {
    if (signal.aborted || !isOutriderError(error)) throw error;
    throw new AnswerFailure(kinds[error.code] ?? 'refused', `${error.message}; ${error.remedy}`);
  } finally {
    onLink(false);
    onWait(null);
    signal.removeEventListener('abort', stop);
  }
}

const kinds: Readonly<Record<string, AnswerFailure['kind']>> = {
  unauthorized: 'key',
  'edge-unreachable': 'away',
  'edge-silent': 'cut',
};

function endOf({ reason, mode, edges, tokens, sentDrafts, acceptedTokens }: TabReport): AnswerEnd {
  return {
    reason: reason === 'length' ? 'length' : 'end',
    mode,
    edges,
    tokens,
    sentDrafts,
    acceptedDrafts: acceptedTokens,
  };
}
