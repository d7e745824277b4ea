// Sends the alternatives of a device beside the drafts that it has sent. Part of the device's pure state machine; docs/protocol.md,
// "Alternatives".

import { TokenText } from '../decoding/token-text.ts';
import { branchEnd, findLink, replaceLink } from './device-links.ts';
import type {
  Alternative,
  DeviceEffect,
  DeviceLink,
  DeviceState,
  SentAlternative,
  SentBranch,
} from './device-state.ts';
import { limits } from './limits.ts';
import { modeOf } from './mode.ts';

/** A runner-up alone saves the edge nothing, so an alternative is sent from this many tokens on. */
const leastTokens = 2;

/** Sends on the main link what is new of each alternative, once the draft beside it is sent. */
export function sendAlternatives(state: DeviceState, effects: DeviceEffect[]): DeviceState {
  const { alternatives, turn } = state;
  if (alternatives.length === 0 || turn.keepsAlternatives === true || !modeOf(turn.mode).mayHedge) return state;
  let link = findLink(state, state.main);
  if (link === undefined || !link.writable || !link.isExtendable) return state;
  const base = link.branches.at(-1);
  if (base === undefined || branchEnd(base) < link.received) return state;
  let sent = 0;
  for (const alternative of state.alternatives) {
    const before = effects.length;
    link = sendAlternative(state, link, base, alternative, effects);
    const effect = effects[before];
    if (effect?.kind === 'send' && effect.message.kind === 'alternative') sent += effect.message.tokens.length;
  }
  if (sent === 0) return state;
  const account = { ...state.account, sent: state.account.sent + sent };
  return { ...state, account, links: replaceLink(state.links, link) };
}

function sendAlternative(
  { text, turn }: DeviceState,
  link: DeviceLink,
  base: SentBranch,
  { position, tokens }: Alternative,
  effects: DeviceEffect[],
): DeviceLink {
  const isBeside = position >= Math.max(base.start, link.received) && position < branchEnd(base);
  if (!isBeside || text.length > position || tokens.length < leastTokens) return link;
  const isThis = (one: SentAlternative): boolean => one.base === base.number && one.position === position;
  const known = link.alternatives.find(isThis);
  const first = known === undefined ? position : branchEnd(known);
  const news = tokens.slice(first - position, link.received + turn.maxAhead - position);
  if (news.length === 0) return link;
  const isFull = link.alternatives.filter((one) => isKept(one, base, link)).length >= limits.alternatives;
  if (known === undefined && isFull) return link;
  const branch = known?.number ?? link.branchCount + 1;
  effects.push({
    kind: 'send',
    link: link.id,
    message: { kind: 'alternative', branch, base: base.number, first, tokens: news },
  });
  const start = known?.start ?? link.received;
  const shared = known?.tokens ?? TokenText.of(base.tokens.slice(start - base.start, position - base.start));
  const grown = { number: branch, start, tokens: shared.append(news), base: base.number, position };
  const others = link.alternatives.filter((one) => one !== known);
  return { ...link, branchCount: Math.max(branch, link.branchCount), alternatives: [...others, grown] };
}

/** Whether the edge may still keep it, as far as the device knows. */
function isKept({ base, position }: SentAlternative, { number }: SentBranch, { received }: DeviceLink): boolean {
  return base === number && position >= received;
}
