// Statistics of the token fidelity: one summary, and table rows for the same slots as those of the slot fidelity. Answers that
// are unfinished at the end of the run count by their tokens only.

import type { Scenario } from '../scenario/scenario.ts';
import { Histogram } from './latency-histogram.ts';
import type { Quantity } from './quantity.ts';
import type { SlotOutcome } from './run-slots.ts';
import { finite } from './slot-tally.ts';
import type { SessionRecord } from './token-device.ts';
import type { TokenTotals } from './token-run.ts';

/** Null for a mean of nothing. */
export interface TokenFigures {
  /** Tokens that reached readers. */
  readonly tokens: number;
  readonly sessions: number;
  /** Time per token of a finished answer: from the request to its last token. It includes the first token, unlike TPOT of the benches. */
  readonly msPerTokenMean: number | null;
  readonly handovers: number;
}

/** A table row: the slots from `firstSlot` on. */
export interface TokenRow extends TokenFigures {
  readonly firstSlot: number;
  readonly slots: number;
}

/** Figures of all slots, and of all finished answers. */
export interface TokenSummary extends TokenFigures {
  readonly mode: string;
  /** The source of texts and drafts. */
  readonly tokenSource: string;
  readonly msPerTokenP50: number | null;
  readonly msPerTokenP95: number | null;
  /** From the request to the first token on the device: connection, the prompt's airtime, waiting for the edge, its evaluation. */
  readonly timeToFirstTokenMsP50: number | null;
  readonly timeToFirstTokenMsP95: number | null;
  /** Acceptance rate: accepted drafts over compared drafts. */
  readonly acceptance: number | null;
  readonly unfinishedSessions: number;
  /** Rate of all devices together. */
  readonly tokensPerSecond: number;
  /** IP bytes, headers included, with prompts and openings. */
  readonly uplinkBytesPerToken: number | null;
  readonly downlinkBytesPerToken: number | null;
  /** Mean over servers. */
  readonly engineBusyShare: number;
  readonly rowsPerStep: number | null;
}

const always = 'always';

/** What people read of the summary, most important first. */
export const tokenQuantities: Readonly<Record<Exclude<keyof TokenSummary, 'mode' | 'tokenSource'>, Quantity>> = {
  msPerTokenMean: { words: 'time for each token of an answer', unit: 'ms', better: 'less', shown: always },
  msPerTokenP50: { words: 'time for each token, median', unit: 'ms', better: 'less' },
  msPerTokenP95: { words: 'time for each token, 95 % have less', unit: 'ms', better: 'less', shown: always },
  timeToFirstTokenMsP50: { words: 'time to the first token, median', unit: 'ms', better: 'less', shown: always },
  timeToFirstTokenMsP95: { words: 'time to the first token, 95 % have less', unit: 'ms', better: 'less' },
  tokensPerSecond: { words: 'all devices together', unit: 'tokens/s', better: 'more', shown: always },
  sessions: { words: 'answers that ended', unit: 'count', better: 'more', shown: always },
  unfinishedSessions: { words: 'answers that had not ended', unit: 'count' },
  tokens: { words: 'tokens that were read', unit: 'count', better: 'more' },
  acceptance: { words: 'drafts accepted, of those compared', unit: 'share', better: 'more', shown: always },
  handovers: { words: 'handovers', unit: 'count' },
  engineBusyShare: { words: 'time in which an engine is busy', unit: 'share', shown: always },
  rowsPerStep: { words: 'rows of a step of an engine', unit: 'count' },
  uplinkBytesPerToken: { words: 'sent by a device for a token', unit: 'bytes', better: 'less', shown: always },
  downlinkBytesPerToken: { words: 'sent to a device for a token', unit: 'bytes', better: 'less' },
};

/** Sums over slots and answers; see {@link createTokenTally}. */
export interface TokenTally {
  addSession(record: SessionRecord): void;
  /** Call it at the end of each slot, after its replay. */
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

const nothingYet: TokenTotals = {
  tokens: 0,
  handovers: 0,
  unfinishedSessions: 0,
  engineSteps: 0,
  engineRows: 0,
  engineBusyMs: 0,
  events: 0,
};

/** @param slotsPerRow at least 1 */
export function createTokenTally(
  { slotMs }: Scenario,
  { mode, tokenSource }: Pick<TokenSummary, 'mode' | 'tokenSource'>,
  slotsPerRow: number,
): TokenTally {
  const blocks: Block[] = [];
  const tokenTimes = new Histogram();
  const firsts = new Histogram();
  let serverCount = 0;
  let last = nothingYet;
  const slot = { sessions: 0, msPerToken: 0 };
  const whole = { answered: 0, matched: 0, mismatched: 0, up: 0, down: 0 };
  return {
    addSession(record) {
      const msPerToken = (record.endMs - record.startMs) / record.answerTokens;
      tokenTimes.add(msPerToken);
      firsts.add(record.firstTokenMs - record.startMs);
      slot.sessions++;
      slot.msPerToken += msPerToken;
      whole.answered += record.answerTokens;
      whole.matched += record.matched;
      whole.mismatched += record.mismatched;
      whole.up += record.uplinkBytes;
      whole.down += record.downlinkBytes;
    },
    addSlot({ state }, totals) {
      serverCount = state.serverCount;
      if (state.slot % slotsPerRow === 0 || blocks.length === 0) {
        blocks.push({ firstSlot: state.slot, slots: 0, tokens: 0, sessions: 0, msPerToken: 0, handovers: 0 });
      }
      const block = blocks.at(-1) as Block;
      block.slots++;
      block.tokens += totals.tokens - last.tokens;
      block.handovers += totals.handovers - last.handovers;
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
      const { tokens, handovers, unfinishedSessions, engineSteps, engineRows, engineBusyMs } = last;
      return {
        mode,
        tokenSource,
        tokens,
        sessions: sum('sessions'),
        unfinishedSessions,
        msPerTokenMean: ratio(sum('msPerToken'), sum('sessions')),
        msPerTokenP50: finite(tokenTimes.quantile(0.5)),
        msPerTokenP95: finite(tokenTimes.quantile(0.95)),
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

function ratio(sum: number, count: number): number | null {
  return finite(sum / count);
}
