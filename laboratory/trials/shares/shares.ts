// `outrider trial shares`: tries to show shares that do not bite. Sessions that want all they can get must get the parts of the engine's rows
// and of the links that their shares say, and what one leaves must go to the others. An edge with a paced toy, over real sockets.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { type CaseFound, linkBitsPerSecond, measureCase, type Resource, type ShareCase, shareCases } from './cases.ts';

/** One session of a case. */
export interface ShareRow {
  readonly resource: Resource;
  readonly case: string;
  readonly session: number;
  /** Its part of the shares of all. */
  readonly share: number;
  /** Its part of what all have got. */
  readonly part: number;
  /** |part / share - 1|; null where a session is idle, or where tokens are not rows. */
  readonly error: number | null;
  readonly tokensPerSecond: number;
  /** On the wire, in the direction that is shared; null of compute. */
  readonly bitsPerSecond: number | null;
  /** Used of the whole: of the rows that the steps had room for, or of the rate of the link. */
  readonly used: number;
}

export interface SharesSummary extends Readonly<Record<string, number>> {
  /** The largest error of a session's part of the tokens, where the engine is what is scarce. */
  readonly computeShareError: number;
  /** The same of the bits of a paced link, either direction. */
  readonly bandwidthShareError: number;
  /** The largest part of the whole that was lost while a session with three quarters of the shares was idle. */
  readonly idleShareLost: number;
  /** Texts that are not the toy's own. */
  readonly wrongTexts: number;
  /** Steps that took longer than the pace says, over all steps. */
  readonly latePacedSteps: number;
}

const goal = 0.05;

const options = {
  seconds: { flag: '--seconds <count>', help: 'how long each case is measured', number: [0.5, 600], default: 8 },
  /** What is on trial; others may be given to see the trial fail. */
  cases: { default: shareCases as readonly ShareCase[] },
} as const;

export const sharesTrial: Experiment<typeof options, readonly CaseFound[], Conclusion<ShareRow, SharesSummary>> = {
  name: 'trial shares',
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
    const { computeShareError, bandwidthShareError, idleShareLost, wrongTexts } = summary;
    const passed =
      [computeShareError, bandwidthShareError, idleShareLost].every((value) => value <= goal) && wrongTexts === 0;
    return { rows, summary, passed, params: { seconds } };
  },
  goals: () => ({ computeShareError: goal, bandwidthShareError: goal, idleShareLost: goal, wrongTexts: 0 }),
};

function rowsOf(
  { name, resource, shares, maxRows, firstIsIdle, agreement }: ShareCase,
  { window }: CaseFound,
): ShareRow[] {
  const { ms, devices, steps, rows } = window;
  const amounts = devices.map((got) => {
    if (resource === 'compute') return got.tokens;
    return resource === 'downlink' ? got.downBytes : got.upBytes;
  });
  const total = sum(amounts);
  const used = resource === 'compute' ? rows / (steps * maxRows) : (total * 8000) / ms / linkBitsPerSecond;
  return devices.map(({ tokens }, session) => {
    const share = (shares[session] as number) / sum(shares);
    const part = (amounts[session] as number) / total;
    return {
      resource,
      case: name,
      session,
      share,
      part,
      error: firstIsIdle === true || agreement !== undefined ? null : Math.abs(part / share - 1),
      tokensPerSecond: (tokens * 1000) / ms,
      bitsPerSecond: resource === 'compute' ? null : ((amounts[session] as number) * 8000) / ms,
      used,
    };
  });
}

function summarise(rows: readonly ShareRow[], found: readonly CaseFound[], cases: readonly ShareCase[]): SharesSummary {
  const errorOf = (isMeant: (resource: Resource) => boolean): number =>
    Math.max(0, ...rows.map(({ resource, error }) => (isMeant(resource) ? (error ?? 0) : 0)));
  const idle = new Set(cases.filter(({ firstIsIdle }) => firstIsIdle === true).map(({ name }) => name));
  return {
    computeShareError: errorOf((resource) => resource === 'compute'),
    bandwidthShareError: errorOf((resource) => resource !== 'compute'),
    idleShareLost: Math.max(0, ...rows.map((row) => (idle.has(row.case) ? 1 - row.used : 0))),
    wrongTexts: sum(found.map(({ wrongTexts }) => wrongTexts)),
    latePacedSteps: sum(found.map(({ lateSteps }) => lateSteps)) / sum(found.map(({ steps }) => steps)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
