// `outrider trial abuse`: attacks on an edge process with keys, limits and a log, beside honest readers. Toy models and emulated step
// times: the trial is about the edge, not about an engine.

import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { attacks } from './catalogue.ts';
import { ordinaryUse } from './orders.ts';
import { type Answer, createDraftModel, makeTasks, read } from './readers.ts';
import { AbuseScene, honestCount, type LogRecord, places, profile } from './scene.ts';

const options = {
  seconds: { flag: '--seconds <count>', help: 'how long each attack lasts', whole: [2, 600], default: 6 },
  only: {
    flag: '--attack <name>',
    help: 'only this attack',
    choices: attacks.map(({ name }) => name) as readonly string[],
  },
} as const;

type AbuseOptions = OptionsOf<typeof options>;

/** So many attacks come between two measurements of ordinary use. */
const attacksBetween = 6;
/** After an attack the edge gets so long to notice that its connections are gone, ms. */
const afterMs = 500;
/** Connections that say nothing are closed, and told of, within this time, ms. */
const noticeMs = 12_000;
const slowdownLimit = 1.3;
const memoryLimitMB = 512;
/** A slower measurement is repeated, and the median counts: the machine may be busy with something else. */
const suspiciousSlowdown = 1.25;
const repetitions = 3;

interface Measurement {
  readonly attack: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Records of the log that tell of the attacker. */
  readonly records: number;
  readonly peakMB: number;
  /** Processor time of the edge over the time of the attack. */
  readonly busyShare: number;
}

interface Measured extends Measurement {
  /** Those that began during it, however late they ended: one that began before it was not slowed down from its start. */
  readonly answers: readonly Answer[];
}

interface AbuseFound {
  readonly measured: readonly Measured[];
  readonly deaths: number;
}

interface AbuseRow {
  readonly attack: string;
  readonly answers: number;
  readonly msPerToken: number;
  readonly p95MsPerToken: number;
  readonly slowdown: number;
  readonly edgeBusyShare: number;
  readonly memoryMB: number;
  readonly logRecords: number;
}

interface AbuseConclusion extends Conclusion<AbuseRow> {
  readonly summary: Readonly<Record<string, number>>;
}

export const abuseTrial: Experiment<typeof options, AbuseFound, AbuseConclusion> = {
  name: 'trial abuse',
  description:
    'attack an edge that has keys, limits and a log, beside honest readers: exact texts, their speed, memory, log',
  notes: `Attacks:
${attacks.map(({ name, words }) => `  ${name.padEnd(26)}${words}`).join('\n')}

The slowdown is the 95th percentile of an honest reader's time per token during the attack, over that during ordinary use: the
attacker's place is then taken by an ordinary key with as many readers as the edge has places.`,
  options,
  measure: attackAll,
  conclude,
  goals: () => ({
    attacks: { atLeast: 40 },
    honestWrongTexts: 0,
    honestSlowdownWorst: slowdownLimit,
    memoryPeakMB: memoryLimitMB,
    edgeDeaths: 0,
    unlogged: 0,
  }),
};

async function attackAll({ seconds, only }: AbuseOptions, run: Run): Promise<AbuseFound> {
  await using scene = await AbuseScene.open();
  const tasks = await makeTasks();
  await using model = createDraftModel(honestCount);
  const answers: Answer[] = [];
  const stop = new AbortController();
  const readers = scene.keys.honest.map(async (key, number) => {
    const settings = {
      url: scene.edge.url,
      key,
      tasks,
      model,
      onAnswer: (answer: Answer) => void answers.push(answer),
    };
    await read(settings, number, stop.signal);
  });
  const bench: Bench = { scene, seconds, answers, honestPrompt: tasks[0]?.prompt ?? [], measured: [] };
  try {
    await pause(1000);
    await scene.settleMemory();
    const chosen = attacks.filter(({ name }) => only === undefined || name === only);
    await measure(bench, ordinaryUse);
    for (const [index, { name }] of chosen.entries()) {
      run.signal.throwIfAborted();
      run.onProgress('attacks', index, chosen.length);
      await measure(bench, name);
      if ((index + 1) % attacksBetween === 0 || index === chosen.length - 1) await measure(bench, ordinaryUse);
    }
    await repeatSlow(bench, run);
  } finally {
    stop.abort();
    await Promise.all(readers);
  }
  return { measured: withAnswers(bench), deaths: scene.deaths };
}

interface Bench {
  readonly scene: AbuseScene;
  readonly seconds: number;
  readonly answers: readonly Answer[];
  readonly honestPrompt: readonly number[];
  readonly measured: Measurement[];
}

function withAnswers({ measured, answers }: Bench): readonly Measured[] {
  const isDuring = ({ startMs, endMs }: Measurement, answer: Answer): boolean =>
    answer.startMs >= startMs && answer.startMs < endMs;
  return measured.map((one) => ({ ...one, answers: answers.filter((answer) => isDuring(one, answer)) }));
}

/** @param seconds default: as asked */
async function measure(bench: Bench, attack: string): Promise<void> {
  const { scene, honestPrompt, measured } = bench;
  const least = attacks.find(({ name }) => name === attack)?.leastSeconds ?? 0;
  const seconds = Math.max(bench.seconds, least);
  const { lines } = await scene.log(0);
  scene.peakMB = 0;
  const { startMs, busySeconds } = await scene.run(attack, seconds, honestPrompt);
  const endMs = startMs + seconds * 1000;
  const busyShare = busySeconds / ((performance.now() - startMs) / 1000);
  await pause(afterMs);
  let records = await attackerRecords(bench, lines);
  for (let waitedMs = 0; records === 0 && attack !== ordinaryUse && waitedMs < noticeMs; waitedMs += afterMs) {
    await pause(afterMs);
    records = await attackerRecords(bench, lines);
  }
  measured.push({ attack, startMs, endMs, records, peakMB: scene.peakMB - scene.idleMB, busyShare });
}

async function attackerRecords({ scene }: Bench, from: number): Promise<number> {
  const { records } = await scene.log(from);
  const isAttacker = ({ address, key }: LogRecord): boolean =>
    key === 'attacker' || (scene.from !== '127.0.0.1' && address === scene.from);
  return records.filter(isAttacker).length;
}

async function repeatSlow(bench: Bench, run: Run): Promise<void> {
  const slow = conclude({ measured: withAnswers(bench), deaths: 0 }).rows.filter(
    ({ slowdown }) => slowdown > suspiciousSlowdown,
  );
  for (const { attack } of slow) {
    for (let count = 1; count < repetitions; count += 1) {
      run.signal.throwIfAborted();
      await measure(bench, attack);
      await measure(bench, ordinaryUse);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function p95({ answers }: Measured): number {
  return quantile(
    answers.map(({ msPerToken }) => msPerToken),
    0.95,
  );
}

function conclude({ measured, deaths }: AbuseFound): AbuseConclusion {
  const ordinary = measured.filter(({ attack }) => attack === ordinaryUse);
  const ordinaryP95 = quantile(ordinary.map(p95), 0.5);
  const names = [...new Set(measured.map(({ attack }) => attack))];
  const rows = names.map((attack) =>
    rowOf(
      attack,
      measured.filter((one) => one.attack === attack),
      ordinaryP95,
    ),
  );
  const attacked = rows.filter(({ attack }) => attack !== ordinaryUse);
  const faults = measured.flatMap(({ attack, answers }) =>
    answers.flatMap(({ fault }) => (fault === null ? [] : [`${attack}: an honest text was wrong: ${fault}`])),
  );
  const summary = {
    attacks: attacked.length,
    honestWrongTexts: faults.length,
    honestSlowdownWorst: Math.max(...attacked.map(({ slowdown }) => slowdown)),
    memoryPeakMB: Math.max(...attacked.map(({ memoryMB }) => memoryMB)),
    edgeDeaths: deaths,
    unlogged: attacked.filter(({ logRecords }) => logRecords === 0).length,
    honestTexts: measured.reduce((sum, { answers }) => sum + answers.length, 0),
    ordinaryP95MsPerToken: ordinaryP95,
    ordinaryP95Spread: quantile(ordinary.map(p95), 1) / quantile(ordinary.map(p95), 0),
  };
  const { honestWrongTexts, edgeDeaths, unlogged, memoryPeakMB, honestSlowdownWorst } = summary;
  const passed =
    honestWrongTexts + edgeDeaths + unlogged === 0 &&
    memoryPeakMB <= memoryLimitMB &&
    honestSlowdownWorst <= slowdownLimit;
  const params = { places, profile, honestReaders: honestCount };
  return { rows, summary, passed, params, remarks: faults.slice(0, 20) };
}

/** @param repeated measurements of the same attack: their median counts */
function rowOf(attack: string, repeated: readonly Measured[], ordinaryP95: number): AbuseRow {
  const answers = repeated.flatMap((one) => one.answers);
  const slowest = quantile(repeated.map(p95), 0.5);
  return {
    attack,
    answers: answers.length,
    msPerToken: quantile(
      answers.map(({ msPerToken }) => msPerToken),
      0.5,
    ),
    p95MsPerToken: slowest,
    slowdown: slowest / ordinaryP95,
    edgeBusyShare: quantile(
      repeated.map(({ busyShare }) => busyShare),
      0.5,
    ),
    memoryMB: Math.max(...repeated.map(({ peakMB }) => peakMB)),
    logRecords: Math.max(...repeated.map(({ records }) => records)),
  };
}
