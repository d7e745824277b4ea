// Sends the alternatives of a device beside the drafts that it has sent. Part of the device's pure state machine;
// docs/internals/protocol.md, "Alternatives".

import { TokenText } from '../../decoding/token-text.ts';
import type { Alternative } from '../wire/hedged-drafts.ts';
import { limits } from '../wire/limits.ts';
import { modeOf } from '../wire/mode.ts';
import { findLink, replaceLink } from './device-links.ts';
import type { DeviceEffect, DeviceLink, DeviceState, SentAlternative, SentBranch } from './device-state.ts';
import { branchEnd } from './sent-branches.ts';

/** Least tokens of an alternative that is sent: a runner-up alone saves the edge nothing. */
const leastTokens = 2;
/**
 * Fewer new tokens are sent with a later draft, unless the edge compares that position next. So an alternative costs one frame in two
 * drafts.
 */
const leastNews = 2;

/** What is new of an alternative beside the branch that the main link extends. */
interface News {
  /** The alternative's. */
  readonly position: number;
  /** The alternative as it was sent; undefined: it was not. */
  readonly known: SentAlternative | undefined;
  readonly first: number;
  readonly tokens: readonly number[];
}

/** Alternatives that a pass may send: a frame costs as many bytes as the tokens in it. */
function mostFrames(hedges: number): number {
  return Math.max(1, Math.floor(hedges / 2));
}

/** Sends on the main link what is new of the most urgent alternatives, once the draft beside them is sent. */
export function sendAlternatives(state: DeviceState, effects: DeviceEffect[]): DeviceState {
  const { alternatives, turn } = state;
  if (alternatives.length === 0 || turn.keepsAlternatives === true || !modeOf(turn.mode).mayHedge) return state;
  const link = findLink(state, state.main);
  if (link === undefined || !link.writable || !link.isExtendable) return state;
  const base = link.branches.at(-1);
  // During a handover the edge may lag behind the text.
  if (base === undefined || branchEnd(base) < link.received || link.received < state.text.length) return state;
  let grown = link;
  let { sent } = state.account;
  for (let frames = mostFrames(turn.hedges ?? 0); frames > 0; frames -= 1) {
    const news = mostUrgent(
      alternatives.flatMap((one) => newsOf(state, grown, base, one)),
      link.received,
    );
    if (news === undefined) break;
    sent += news.tokens.length;
    grown = sendNews(grown, base, news, effects);
  }
  return { ...state, account: { ...state.account, sent }, links: replaceLink(state.links, grown) };
}

function newsOf({ turn }: DeviceState, link: DeviceLink, base: SentBranch, one: Alternative): News[] {
  const { position, tokens } = one;
  const isBeside = position >= Math.max(base.start, link.received) && position < branchEnd(base);
  if (!isBeside || tokens.length < leastTokens) return [];
  const known = link.alternatives.find((sent) => sent.base === base.number && isSame(sent, one));
  const first = known === undefined ? position : branchEnd(known);
  const news = tokens.slice(first - position, link.received + turn.maxAhead - position);
  if (news.length === 0 || (news.length < leastNews && position > link.received)) return [];
  const isFull = link.alternatives.filter((sent) => isKept(sent, base, link)).length >= limits.alternatives;
  return known === undefined && isFull ? [] : [{ position, known, first, tokens: news }];
}

/** The one at the position that the edge decides next, otherwise the one with most that is new. */
function mostUrgent(all: readonly News[], received: number): News | undefined {
  const next = all.find(({ position }) => position === received);
  const most = Math.max(...all.map(({ tokens }) => tokens.length));
  return next ?? all.find(({ tokens }) => tokens.length === most);
}

/** At one position there may be several, each with a first token of its own. */
function isSame(sent: SentAlternative, { position, tokens }: Alternative): boolean {
  return sent.position === position && sent.tokens.at(position - sent.start) === tokens[0];
}

/** Whether the edge may still keep it, by the messages that the device has received. */
function isKept({ base, position }: SentAlternative, { number }: SentBranch, { received }: DeviceLink): boolean {
  return base === number && position >= received;
}

function sendNews(link: DeviceLink, base: SentBranch, news: News, effects: DeviceEffect[]): DeviceLink {
  const { position, known, first, tokens } = news;
  const branch = known?.number ?? link.branchCount + 1;
  const message = { kind: 'alternative', branch, base: base.number, first, tokens } as const;
  effects.push({ kind: 'send', link: link.id, message });
  const start = known?.start ?? link.received;
  const shared = known?.tokens ?? TokenText.of(base.tokens.slice(start - base.start, position - base.start));
  const grown = { number: branch, start, tokens: shared.append(tokens), base: base.number, position };
  const others = link.alternatives.filter((one) => one !== known);
  return { ...link, branchCount: Math.max(branch, link.branchCount), alternatives: [...others, grown] };
}
