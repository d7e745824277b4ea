// What trial abuse finds, and what is concluded from it.

import type { Conclusion, Goals } from '../../../simulator/runner/experiment.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { ordinaryUse } from './attack.ts';
import { crowdContextLength, crowdPeople } from './crowd.ts';
import { type Answer, type Way, ways } from './readers.ts';
import { honestCount, honestHttpCount, places, profile } from './scene.ts';

const slowdownLimit = 1.3;
const memoryLimitMB = 256;
const memoryAfterLimitMB = 32;

export interface Measurement {
  readonly attack: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Records of the attacker in the log. */
  readonly records: number;
  readonly peakMB: number;
  /** Processor time of the edge over the time of the attack. */
  readonly busyShare: number;
}

/** What was not asked for is empty, and 0. */
export interface AbuseFound {
  readonly measured: readonly Measurement[];
  /** Answers of the honest readers, in the order of their ends. */
  readonly answers: readonly Answer[];
  /** Answers of the people and the agent that share one key; no attack runs then. */
  readonly crowd: readonly Answer[];
  /** Resident memory of the edge after ordinary use before the attacks, and after them, MB. */
  readonly memoryMB: { readonly before: number; readonly after: number };
  readonly deaths: number;
}

interface AbuseRow {
  readonly attack: string;
  readonly answers: number;
  readonly msPerToken: number;
  readonly p95MsPerToken: number;
  readonly httpP95MsPerToken: number;
  /** The worse one of devices and of clients over HTTP. */
  readonly slowdown: number;
  readonly edgeBusyShare: number;
  readonly memoryMB: number;
  readonly logRecords: number;
}

export interface AbuseConclusion extends Conclusion<AbuseRow> {
  readonly summary: Readonly<Record<string, number>>;
}

export const abuseGoals: Goals = {
  attacks: { atLeast: 80 },
  honestWrongTexts: 0,
  honestRefused: 0,
  honestSlowdownWorst: slowdownLimit,
  memoryPeakMB: memoryLimitMB,
  memoryAfterMB: memoryAfterLimitMB,
  edgeDeaths: 0,
  unlogged: 0,
};

export function concludeAbuse(found: AbuseFound): AbuseConclusion {
  const { answers, crowd, memoryMB, deaths } = found;
  const rows = rowsOf(found);
  const attacked = rows.filter(({ attack }) => attack !== ordinaryUse);
  const all = [...answers, ...crowd];
  const ordinary = ordinaryP95s(found, 'device');
  const summary = {
    attacks: attacked.length,
    honestWrongTexts: all.filter(({ fault }) => fault !== null).length,
    honestRefused: all.filter(({ isRefused }) => isRefused).length,
    honestSlowdownWorst: Math.max(0, ...attacked.map(({ slowdown }) => slowdown)),
    memoryPeakMB: Math.max(0, ...attacked.map(({ memoryMB: peak }) => peak)),
    memoryAfterMB: memoryMB.after - memoryMB.before,
    edgeDeaths: deaths,
    unlogged: attacked.filter(({ logRecords }) => logRecords === 0).length,
    honestTexts: answers.length,
    crowdTexts: crowd.length,
    ordinaryP95MsPerToken: quantile(ordinary, 0.5),
    ordinaryP95Spread: quantile(ordinary, 1) / quantile(ordinary, 0),
  };
  const { honestWrongTexts, honestRefused, edgeDeaths, unlogged } = summary;
  const passed =
    honestWrongTexts + honestRefused + edgeDeaths + unlogged === 0 &&
    summary.memoryPeakMB <= memoryLimitMB &&
    summary.memoryAfterMB <= memoryAfterLimitMB &&
    summary.honestSlowdownWorst <= slowdownLimit;
  const params = { places, profile, honestReaders: honestCount, honestHttpReaders: honestHttpCount };
  const crowdParams = { crowdPeople, crowdContextLength };
  return { rows, summary, passed, params: { ...params, ...crowdParams }, remarks: faultsOf(found).slice(0, 20) };
}

/** Attacks during which honest readers were this much slower than beside ordinary use, or more. */
export function slowAttacks(found: Pick<AbuseFound, 'measured' | 'answers'>, least: number): readonly string[] {
  // Without an answer there is no time per token, and nothing is slower than that.
  const isSlow = ({ attack, slowdown }: AbuseRow): boolean => attack !== ordinaryUse && !(slowdown <= least);
  return rowsOf(found)
    .filter(isSlow)
    .map(({ attack }) => attack);
}

type Timed = Pick<AbuseFound, 'measured' | 'answers'>;

/** Those that began during it, however late they ended: one that began before it was not slowed down from its start. */
function during(answers: readonly Answer[], { startMs, endMs }: Measurement, way?: Way): readonly Answer[] {
  return answers.filter(
    (answer) => answer.startMs >= startMs && answer.startMs < endMs && (way === undefined || answer.way === way),
  );
}

function paceOf(answers: readonly Answer[], level: number): number {
  const paces = answers.map(({ msPerToken }) => msPerToken);
  return quantile(paces, level);
}

function ordinaryP95s({ measured, answers }: Timed, way: Way): readonly number[] {
  return measured.filter(({ attack }) => attack === ordinaryUse).map((one) => paceOf(during(answers, one, way), 0.95));
}

function rowsOf(found: Timed): readonly AbuseRow[] {
  const ordinary = new Map(ways.map((way) => [way, quantile(ordinaryP95s(found, way), 0.5)]));
  const names = [...new Set(found.measured.map(({ attack }) => attack))];
  return names.map((attack) => {
    // Where it was measured again, the median counts.
    const repeated = found.measured.filter((one) => one.attack === attack);
    const answers = repeated.flatMap((one) => during(found.answers, one));
    const median = (figure: (one: Measurement) => number): number => quantile(repeated.map(figure), 0.5);
    const slowest = (way: Way): number => median((one) => paceOf(during(found.answers, one, way), 0.95));
    const slowdowns = ways.map((way) => slowest(way) / (ordinary.get(way) ?? Number.NaN));
    return {
      attack,
      answers: answers.length,
      msPerToken: paceOf(answers, 0.5),
      p95MsPerToken: slowest('device'),
      httpP95MsPerToken: slowest('http'),
      slowdown: Math.max(...slowdowns),
      edgeBusyShare: median(({ busyShare }) => busyShare),
      memoryMB: Math.max(...repeated.map(({ peakMB }) => peakMB)),
      logRecords: Math.max(...repeated.map(({ records }) => records)),
    };
  });
}

function faultsOf({ measured, answers, crowd }: AbuseFound): readonly string[] {
  const beside = (answer: Answer): string =>
    measured.find((one) => during([answer], one).length > 0)?.attack ?? 'between attacks';
  const faultLines = (where: string, { way, fault }: Answer): readonly string[] =>
    fault === null ? [] : [`${where}: an honest text of ${way === 'http' ? 'HTTP' : 'a device'} was wrong: ${fault}`];
  return [
    ...answers.flatMap((answer) => faultLines(beside(answer), answer)),
    ...crowd.flatMap((answer) => faultLines('many behind one key', answer)),
  ];
}
