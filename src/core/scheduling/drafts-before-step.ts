// How many levels the draft model of an edge drafts before a step of many sessions. A pass of it adds one draft for every session that
// takes part, and all sessions wait for it, so the number is that with the most expected tokens per millisecond of the whole cycle, passes
// and step. A long chain of a device needs no pass; a short one is lengthened. Pure.

import { chainChances } from './draft-value.ts';
import { type StepTimeModel, stepMs } from './step-time.ts';

/** A session of the next step, as in SessionWork. */
export interface SessionBeforeStep {
  /** Drafts that exist already and cost nothing more. */
  readonly drafts: number;
  readonly acceptance: number;
  readonly confidences?: readonly number[] | undefined;
  /** The chain length to which the edge's draft model brings it in any case; 0 where it is free to choose. */
  readonly least: number;
  /** The longest that it may bring it to; 0: it drafts nothing for this session. */
  readonly most: number;
  /** Rows of its first pass: the tokens of the text and of the drafts that the draft model has not read. Default 1. */
  readonly unread?: number | undefined;
}

export interface CyclePrices {
  /** A pass of the draft model by its rows: one for each session. */
  readonly passTime: StepTimeModel;
  readonly stepTime: StepTimeModel;
  /** Limit of the rows of a step. */
  readonly maxRows: number;
}

/** A longer chain of an edge's own is hardly ever worth its passes where sessions share a step. */
const mostLevels = 8;

/**
 * The chain that the draft model collects for each session before the step; a longer one of the device stays as it is. One length for all
 * whose drafts are worth their own rows, none where no pass pays. Rows of the step are taken by their chance, as the scheduler does; rows of
 * sessions without edge drafts count as well. The step's time is that of the sum of its rows (an engine that pads calls of a session takes
 * longer, with every length).
 */
export function chainLengthsBeforeStep(sessions: readonly SessionBeforeStep[], prices: CyclePrices): readonly number[] {
  const without = sessions.map(({ least }) => least);
  let best = { lengths: without, rate: rateOf(sessions, without, prices) };
  for (let length = 1; length <= mostLevels; length += 1) {
    const { rate } = best;
    const lengths = sessions.map((session) => {
      const wanted = Math.max(session.least, Math.min(length, session.most));
      return isWorthRows(session, wanted, rate, prices) ? wanted : session.least;
    });
    const tried = { lengths, rate: rateOf(sessions, lengths, prices) };
    if (tried.rate > best.rate) best = tried;
  }
  return best.lengths;
}

/** Whether the drafts of a session are worth its own rows, of the passes and of the step, at this value of a millisecond in tokens. */
function isWorthRows(session: SessionBeforeStep, length: number, rate: number, prices: CyclePrices): boolean {
  const { drafts, acceptance, confidences, unread = 1 } = session;
  const rowMs = stepMs(prices.stepTime, 2) - stepMs(prices.stepTime, 1);
  const readMs = stepMs(prices.passTime, 2) - stepMs(prices.passTime, 1);
  const added = chainChances(length, acceptance, confidences).slice(drafts);
  const gain = added.reduce((sum, chance) => sum + Math.max(0, chance - rate * rowMs), 0);
  return gain > rate * readMs * (unread + added.length - 1);
}

/** Expected tokens per millisecond of the passes that bring the chains to these lengths, and of the best step after them. */
function rateOf(sessions: readonly SessionBeforeStep[], lengths: readonly number[], prices: CyclePrices): number {
  const { passTime, stepTime, maxRows } = prices;
  const sessionCount = sessions.length;
  /** Rows of each pass. */
  const passes: number[] = [];
  const chances: number[] = [];
  for (const [index, { drafts, acceptance, confidences, unread = 1 }] of sessions.entries()) {
    const count = Math.max(drafts, lengths[index] as number);
    for (let pass = 0; pass < count - drafts; pass += 1)
      passes[pass] = (passes[pass] ?? 0) + (pass === 0 ? Math.max(1, unread) : 1);
    chances.push(...chainChances(count, acceptance, confidences));
  }
  const passesMs = passes.reduce((sum, rows) => sum + stepMs(passTime, rows), 0);
  const gains = Float64Array.from(chances).sort().reverse();
  let tokens = sessionCount;
  let best = tokens / (passesMs + stepMs(stepTime, sessionCount));
  for (let rows = 1; rows <= Math.min(gains.length, maxRows - sessionCount); rows += 1) {
    tokens += gains[rows - 1] as number;
    best = Math.max(best, tokens / (passesMs + stepMs(stepTime, sessionCount + rows)));
  }
  return best;
}
