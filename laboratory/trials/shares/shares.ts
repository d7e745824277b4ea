// `outrider trial shares`: tries to show shares that do not bite. Sessions that want all they can get must get the parts of the engine's rows
// and of the links that their shares say, and what one leaves must go to the others. An edge with a paced toy, over real sockets.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { type CaseFound, linkBitsPerSecond, measureCase, type Resource, type ShareCase, shareCases } from './cases.ts';

/** One session of a case. */
interface ShareRow extends Readonly<Record<'session' | 'share' | 'part' | 'tokensPerSecond' | 'used', number>> {
  readonly resource: Resource;
  readonly case: string;
  readonly error: number | null;
  readonly bitsPerSecond: number | null;
  /** Its time per token over that of the same session alone, where that was measured. */
  readonly timesAlone: number | null;
}

const goal = 0.05;
const mostTimesAlone = 2.2;

const options = {
  seconds: { flag: '--seconds <count>', help: 'how long each case is measured', number: [0.5, 600], default: 8 },
  /** What is on trial; others may be given to see the trial fail. */
  cases: { default: shareCases as readonly ShareCase[] },
} as const;

type SummaryKey =
  | 'computeShareError'
  | 'bandwidthShareError'
  | 'idleShareLost'
  | 'besideCrowdWorst'
  | 'wrongTexts'
  | 'latePacedSteps';
type SharesSummary = Readonly<Record<SummaryKey, number>>;

export const sharesTrial: Experiment<typeof options, readonly CaseFound[], Conclusion<ShareRow, SharesSummary>> = {
  name: 'trial shares',
  lasts: '3 minutes',
  description:
    "shares of the engine's rows and of paced links: each session gets its part, and an idle share goes to the others",
  options,
  measure: ({ seconds, cases }, run) =>
    run.all(
      'shares',
      cases.map((one) => ({
        key: `${one.resource}: ${one.name}`,
        measure: () => measureCase(one, seconds, run.signal),
      })),
    ),
  conclude(found, { cases, seconds }) {
    const rows = found.flatMap((one, index) => rowsOf(cases[index] as ShareCase, one));
    const summary = summarise(rows, found, cases);
    const { computeShareError, bandwidthShareError, idleShareLost, besideCrowdWorst, wrongTexts } = summary;
    const passed =
      [computeShareError, bandwidthShareError, idleShareLost].every((value) => value <= goal) &&
      besideCrowdWorst <= mostTimesAlone &&
      wrongTexts === 0;
    return { rows, summary, passed, params: { seconds } };
  },
  goals: () => ({
    computeShareError: goal,
    bandwidthShareError: goal,
    idleShareLost: goal,
    besideCrowdWorst: mostTimesAlone,
    wrongTexts: 0,
  }),
};

function rowsOf(
  { name, resource, shares, maxRows, firstIsIdle, agreement, crowd }: ShareCase,
  { window, firstAlone }: CaseFound,
): ShareRow[] {
  const { ms, devices, steps, rows } = window;
  const amounts = devices.map((got) => got[amountOf[resource]]);
  const total = sum(amounts);
  const isCompute = resource === 'compute';
  return devices.map(({ tokens }, session) => {
    const share = (shares[session] as number) / sum(shares);
    const amount = amounts[session] as number;
    const part = amount / total;
    return {
      resource,
      case: name,
      session,
      // Its part of the shares of all, and of what all have got.
      share,
      part,
      // Tokens are not rows where drafts are wrong, and rows are not time where steps have room for all.
      error: firstIsIdle === true || agreement !== undefined || crowd !== undefined ? null : Math.abs(part / share - 1),
      tokensPerSecond: (tokens * 1000) / ms,
      bitsPerSecond: isCompute ? null : (amount * 8000) / ms,
      // Of the rows that the steps had room for, of the engine's time, or of the rate of the link.
      used:
        crowd !== undefined
          ? Math.min(1, (steps * crowd.stepMs + rows * crowd.rowMs) / ms)
          : isCompute
            ? rows / (steps * maxRows)
            : (total * 8000) / ms / linkBitsPerSecond,
      timesAlone: session > 0 || firstAlone === undefined ? null : (firstAlone * ms) / (tokens * 1000),
    };
  });
}

/** What of a session's window a resource is shared in. */
const amountOf = { compute: 'tokens', downlink: 'downBytes', uplink: 'upBytes' } as const;

function summarise(rows: readonly ShareRow[], found: readonly CaseFound[], cases: readonly ShareCase[]): SharesSummary {
  const largestError = (own: readonly ShareRow[]): number => Math.max(0, ...own.map(({ error }) => error ?? 0));
  const idle = new Set(cases.filter((one) => one.firstIsIdle === true || one.crowd).map(({ name }) => name));
  return {
    computeShareError: largestError(rows.filter(({ resource }) => resource === 'compute')),
    bandwidthShareError: largestError(rows.filter(({ resource }) => resource !== 'compute')),
    // The largest part of the whole that was lost while a session with three quarters of the shares was idle, or beside a crowd.
    idleShareLost: Math.max(0, ...rows.map((row) => (idle.has(row.case) ? 1 - row.used : 0))),
    besideCrowdWorst: Math.max(0, ...rows.map(({ timesAlone }) => timesAlone ?? 0)),
    wrongTexts: sum(found.map(({ wrongTexts }) => wrongTexts)),
    latePacedSteps: sum(found.map(({ lateSteps }) => lateSteps)) / sum(found.map(({ steps }) => steps)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
