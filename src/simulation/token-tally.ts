// Adds up what the token fidelity did: one summary, and rows that each cover the same slots as those of the slot fidelity. Answers that
// are not finished when the run ends count by their tokens only.

import type { Scenario } from '../scenario/scenario.ts';
import { createHistogram } from './latency-histogram.ts';
import type { SlotOutcome } from './run-slots.ts';
import type { SessionRecord } from './token-device.ts';
import type { TokenTotals } from './token-run.ts';

/** Null where there was nothing to take a mean of. */
export interface TokenFigures {
  /** That came to readers. */
  readonly tokens: number;
  /** Answers that ended. */
  readonly sessions: number;
  /** Of an answer that ended: from asking to its last token, over its tokens; each answer counts alike. */
  readonly msPerTokenMean: number | null;
  readonly handovers: number;
}

/** A row: slots from `firstSlot` on. */
export interface TokenRow extends TokenFigures {
  readonly firstSlot: number;
  readonly slots: number;
}

/** Figures of all slots, and of all answers that have ended. */
export interface TokenSummary extends TokenFigures {
  readonly mode: string;
  /** Where texts and drafts are from. */
  readonly tokenSource: string;
  readonly msPerTokenP50: number | null;
  readonly msPerTokenP95: number | null;
  /** From asking to the first token on the device: connection, prompt's airtime, waiting for the edge, its evaluation. */
  readonly timeToFirstTokenMsP50: number | null;
  readonly timeToFirstTokenMsP95: number | null;
  /** Drafts that were the target's own, of those compared. */
  readonly acceptance: number | null;
  readonly unfinishedSessions: number;
  /** Of all devices together. */
  readonly tokensPerSecond: number;
  /** On IP, headers included, prompt and opening too. */
  readonly uplinkBytesPerToken: number | null;
  readonly downlinkBytesPerToken: number | null;
  /** Mean over servers. */
  readonly engineBusyShare: number;
  readonly rowsPerStep: number | null;
}

/** Adds up slots and answers; see {@link createTokenTally}. */
export interface TokenTally {
  addSession(record: SessionRecord): void;
  /** Call at the end of each slot, after it was played. */
  addSlot(outcome: SlotOutcome, totals: TokenTotals): void;
  rows(): readonly TokenRow[];
  summary(): TokenSummary;
}

interface Block {
  readonly firstSlot: number;
  slots: number;
  tokens: number;
  sessions: number;
  msPerToken: number;
  handovers: number;
}

/** @param slotsPerRow at least 1 */
export function createTokenTally(
  { slotMs }: Scenario,
  { mode, tokenSource }: Pick<TokenSummary, 'mode' | 'tokenSource'>,
  slotsPerRow: number,
): TokenTally {
  const blocks: Block[] = [];
  const paces = createHistogram();
  const firsts = createHistogram();
  let serverCount = 0;
  let last: TokenTotals | undefined;
  const slot = { sessions: 0, msPerToken: 0 };
  const whole = { answered: 0, matched: 0, mismatched: 0, up: 0, down: 0 };
  return {
    addSession(record) {
      const pace = (record.endMs - record.startMs) / record.answerTokens;
      paces.add(pace);
      firsts.add(record.firstTokenMs - record.startMs);
      slot.sessions++;
      slot.msPerToken += pace;
      whole.answered += record.answerTokens;
      whole.matched += record.matched;
      whole.mismatched += record.mismatched;
      whole.up += record.uplinkBytes;
      whole.down += record.downlinkBytes;
    },
    addSlot({ state }, totals) {
      serverCount = state.serverCount;
      if (state.slot % slotsPerRow === 0 || blocks.length === 0) blocks.push(emptyBlock(state.slot));
      const block = blocks.at(-1) as Block;
      block.slots++;
      block.tokens += totals.tokens - (last?.tokens ?? 0);
      block.handovers += totals.handovers - (last?.handovers ?? 0);
      block.sessions += slot.sessions;
      block.msPerToken += slot.msPerToken;
      slot.sessions = slot.msPerToken = 0;
      last = totals;
    },
    rows: () =>
      blocks.map(({ msPerToken, sessions, ...block }) => ({
        ...block,
        sessions,
        msPerTokenMean: ratio(msPerToken, sessions),
      })),
    summary() {
      const sum = (key: 'slots' | 'sessions' | 'msPerToken'): number =>
        blocks.reduce((total, block) => total + block[key], 0);
      const durationMs = sum('slots') * slotMs;
      const { tokens, handovers, unfinishedSessions, engineSteps, engineRows, engineBusyMs } = last ?? nothingYet;
      return {
        mode,
        tokenSource,
        tokens,
        sessions: sum('sessions'),
        unfinishedSessions,
        msPerTokenMean: ratio(sum('msPerToken'), sum('sessions')),
        msPerTokenP50: finite(paces.quantile(0.5)),
        msPerTokenP95: finite(paces.quantile(0.95)),
        timeToFirstTokenMsP50: finite(firsts.quantile(0.5)),
        timeToFirstTokenMsP95: finite(firsts.quantile(0.95)),
        acceptance: ratio(whole.matched, whole.matched + whole.mismatched),
        handovers,
        tokensPerSecond: ratio(1e3 * tokens, durationMs) ?? 0,
        uplinkBytesPerToken: ratio(whole.up, whole.answered),
        downlinkBytesPerToken: ratio(whole.down, whole.answered),
        engineBusyShare: ratio(engineBusyMs, serverCount * durationMs) ?? 0,
        rowsPerStep: ratio(engineRows, engineSteps),
      };
    },
  };
}

const nothingYet: TokenTotals = {
  tokens: 0,
  handovers: 0,
  unfinishedSessions: 0,
  engineSteps: 0,
  engineRows: 0,
  engineBusyMs: 0,
  events: 0,
};

function emptyBlock(firstSlot: number): Block {
  return { firstSlot, slots: 0, tokens: 0, sessions: 0, msPerToken: 0, handovers: 0 };
}

function ratio(sum: number, count: number): number | null {
  return finite(sum / count);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
