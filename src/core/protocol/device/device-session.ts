// The device's state machine of one turn, a pure function: events in, effects out. It drafts beyond the committed text, compares
// committed tokens with its drafts, and keeps the rest or rolls back. Rules: docs/internals/protocol.md, "Rules".

import { unreachable } from '../../basics/invariant.ts';
import { modeOf } from '../wire/mode.ts';
import { orderAlternatives, takeAlternativeDrafts } from './device-alternatives.ts';
import { attach, findLink, finish, lose, receive, replaceLink } from './device-links.ts';
import {
  believedLength,
  type DeviceEffect,
  type DeviceEvent,
  type DeviceState,
  type DeviceStep,
  type DraftBudget,
} from './device-state.ts';
import { isExhausted, sendDrafts, viewOf } from './device-window.ts';
import { sendAlternatives } from './send-alternatives.ts';

/** Applies one event. Pure: the same state and event give the same step. After the outcome, events have no effect. */
export function stepDevice(state: DeviceState, event: DeviceEvent): DeviceStep {
  if (state.outcome !== null) return { state, effects: [] };
  const effects: DeviceEffect[] = [];
  const handled = handle(state, event, effects);
  return { state: handled.outcome === null ? proceed(handled, event, effects) : handled, effects };
}

function handle(state: DeviceState, event: DeviceEvent, effects: DeviceEffect[]): DeviceState {
  switch (event.kind) {
    case 'link-opened':
      return attach(state, event, effects);
    case 'link-closed':
      return lose(state, event.link, effects);
    case 'link-writable':
      return writable(state, event.link, event.writable);
    case 'message-received':
      return receive(state, event.link, event.message, effects);
    case 'draft-produced':
      return takeDraft(state, event);
    case 'draft-declined': {
      const isCurrent = event.generation === state.generation && event.position === believedLength(state);
      return { ...state, drafting: null, declinedAt: isCurrent ? event.position : state.declinedAt };
    }
    case 'chain-cut-set':
      return { ...state, minChainConfidence: event.minChainConfidence };
    case 'hedge-cut-set': {
      const { minHedgeChance, minStartChance = minHedgeChance } = event;
      return { ...state, minHedgeChance, minStartChance };
    }
    case 'drafting-switched':
      return modeOf(state.turn.mode).waitsForDevice ? state : { ...state, isDraftingOn: event.on };
    case 'draft-budget-set':
      return { ...state, budget: budgetWithin(state.turn, event) };
    case 'stop-requested':
      return finish(state, { kind: 'stopped' }, effects);
    case 'gave-up': {
      const { code, cause, remedy } = event;
      return finish(state, { kind: 'failed', code, cause, remedy }, effects);
    }
    default:
      return unreachable(event);
  }
}

/** In windows, drafts are counted by both sides. */
function budgetWithin(turn: DeviceState['turn'], { maxAhead, hedges }: DraftBudget): DraftBudget {
  const own = { maxAhead: turn.maxAhead, hedges: turn.hedges ?? 0 };
  if (modeOf(turn.mode).waitsForDevice) return own;
  return { maxAhead: Math.min(own.maxAhead, Math.max(1, maxAhead)), hedges: Math.min(own.hedges, Math.max(0, hedges)) };
}

function writable(state: DeviceState, id: number, isWritable: boolean): DeviceState {
  const link = findLink(state, id);
  if (link === undefined) return state;
  return { ...state, links: replaceLink(state.links, { ...link, writable: isWritable }) };
}

function takeDraft(state: DeviceState, event: Extract<DeviceEvent, { kind: 'draft-produced' }>): DeviceState {
  const { alternatives = [], runnerUp = null } = event;
  const isCurrent = event.generation === state.generation && event.position === believedLength(state);
  const counted = takeAlternativeDrafts(state, alternatives);
  return {
    ...counted,
    account: { ...counted.account, drafted: counted.account.drafted + 1 },
    drafting: null,
    tail: isCurrent ? [...state.tail, event.token] : counted.tail,
    confidences: isCurrent ? [...state.confidences, event.confidence] : counted.confidences,
    runnerUps: isCurrent ? [...state.runnerUps, runnerUp] : counted.runnerUps,
  };
}

/**
 * After each event: sends what can be sent, and requests the next draft if the mode allows it. An alternative is sent only after a draft:
 * other events may come while effects of the last one are still being performed, and its draft has to go first.
 */
function proceed(state: DeviceState, { kind }: DeviceEvent, effects: DeviceEffect[]): DeviceState {
  const drafts = sendDrafts(state, effects);
  const sent = kind === 'draft-produced' ? sendAlternatives(drafts, effects) : drafts;
  if (!mayDraft(sent)) return sent;
  const order = { generation: sent.generation, position: believedLength(sent) };
  const { state: ordered, orders } = orderAlternatives(sent);
  effects.push({ kind: 'draft-next', ...order, alternatives: orders });
  return { ...ordered, drafting: order };
}

function mayDraft(state: DeviceState): boolean {
  if (!state.isDraftingOn || state.drafting !== null || state.edges.length === 0 || isExhausted(state)) return false;
  return modeOf(state.turn.mode).mayDraft(viewOf(state));
}
