// `outrider trial abuse`: attacks on an edge process with keys, limits and a log, beside honest readers. Toy models and emulated step
// times: the trial is about the edge, not about an engine.

import type { Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { closedLoop } from '../../readers/toy-reader.ts';
import { toySeed } from '../hostile/raw-device.ts';
import { ordinaryUse } from './attack.ts';
import { attacks, type NamedAttack } from './catalogue.ts';
import { crowdContextLength, readAsCrowd } from './crowd.ts';
import {
  type AbuseConclusion,
  type AbuseFound,
  abuseGoals,
  concludeAbuse,
  type Measurement,
  slowAttacks,
} from './findings.ts';
import { pause } from './floods.ts';
import {
  type Answer,
  createDraftModel,
  makeChats,
  makeTasks,
  type OnAnswer,
  readAsDevice,
  readChat,
} from './readers.ts';
import { AbuseScene, honestCount, type LogRecord } from './scene.ts';

/** No attack: an agent and people behind one key, whom no limit may refuse. */
const crowdUse = 'many-behind-one-key';

const options = {
  seconds: { flag: '--seconds <count>', help: 'how long each attack lasts', whole: [2, 600], default: 6 },
  settleSeconds: {
    flag: '--settle-seconds <count>',
    help: 'how long ordinary use lasts before the attacks, and after them, until memory is read',
    whole: [2, 600],
    default: 60,
  },
  every: {
    flag: '--every <count>',
    help: 'one attack of so many, in the order of the list, unless --attack names some',
    whole: [1, 100],
    default: 1,
  },
  only: {
    flag: '--attack <name>',
    help: 'only this one; may be given several times',
    texts: true,
    type: [] as readonly string[],
    default: [],
    defaultLabel: 'all',
  },
  remoteEngine: {
    flag: '--remote-engine',
    help: "run the edge's engine in a process of its own, by the rows protocol",
  },
} as const;

type AbuseOptions = OptionsOf<typeof options>;

/** Number of attacks between two measurements of ordinary use. */
const attacksBetween = 6;
/** Time that the edge gets after an attack to notice that its connections are gone, ms. */
const afterMs = 500;
/** Connections that send nothing are closed, and logged, within this time, ms. */
const noticeMs = 12_000;
/** An attack without a record in the log is repeated for this time. */
const againSeconds = 2;
/** A slower measurement is repeated, and the median counts: the machine may be busy with something else. */
const suspiciousSlowdown = 1.25;
const repetitions = 3;
/** Memory is sampled this often, and the median counts: between two collections of garbage it grows. */
const memorySamples = 10;
const memorySampleMs = 100;

export const abuseTrial: Experiment<typeof options, AbuseFound, AbuseConclusion> = {
  name: 'trial abuse',
  lasts: '25 minutes',
  description:
    'attack an edge that has keys, limits and a log, beside honest readers: exact texts, their speed, memory, log',
  notes: `Attacks:
${attacks.map(({ name, words }) => `  ${name.padEnd(26)}${words}`).join('\n')}

No attack, and run last: ${crowdUse}, an agent that sends 27,000 tokens a turn beside 20 people.

The slowdown is the 95th percentile of an honest reader's time per token during the attack, over that during ordinary use: the
attacker's place is then taken by an ordinary key with as many readers as the edge has places. Of devices and of clients over HTTP the
slower ones count.`,
  options,
  measure: async (asked, run) => {
    const names = namesOf(asked);
    const chosen = attacks
      .filter(({ name }) => names.has(name))
      .sort((one, other) => Number(other.isKept === true) - Number(one.isKept === true));
    const beside = chosen.length === 0 ? nothing : await attackAll(asked, chosen, run);
    return { ...beside, crowd: names.has(crowdUse) ? await seatCrowd(asked) : [] };
  },
  conclude: concludeAbuse,
  goals: () => abuseGoals,
};

/** @throws OutriderError `bad-argument` for an unknown name */
function namesOf({ only, every }: AbuseOptions): ReadonlySet<string> {
  const all = new Set([...attacks.map(({ name }) => name), crowdUse]);
  for (const name of only) {
    if (!all.has(name)) throw badArgument(`no attack is called ${name}`, 'Take a name of the list in --help.');
  }
  if (only.length > 0) return new Set(only);
  return new Set([...attacks.map(({ name }) => name).filter((_, index) => index % every === 0), crowdUse]);
}

type Beside = Omit<AbuseFound, 'crowd'>;

const nothing: Beside = { measured: [], answers: [], memoryMB: { before: 0, after: 0 }, deaths: 0 };

async function seatCrowd({ seconds, remoteEngine }: AbuseOptions): Promise<readonly Answer[]> {
  await using scene = await AbuseScene.open({ contextLength: crowdContextLength, remoteEngine });
  return await readAsCrowd(scene.baseUrl, scene.keys.ordinary, seconds);
}

async function attackAll(
  { seconds, settleSeconds, remoteEngine }: AbuseOptions,
  chosen: readonly NamedAttack[],
  run: Run,
): Promise<Beside> {
  await using scene = await AbuseScene.open({ remoteEngine });
  const answers: Answer[] = [];
  const stop = new AbortController();
  const honestPrompt = (await makeTasks())[0]?.prompt ?? [];
  const readers = readHonestly(scene, (answer) => void answers.push(answer), stop.signal);
  const bench: Bench = { scene, seconds, answers, honestPrompt, measured: [] };
  const memoryMB = { before: Number.NaN, after: Number.NaN };
  try {
    await pause(1000);
    await askUnderGrammar(scene);
    await scene.settleMemory();
    memoryMB.before = await settled(bench, settleSeconds);
    for (const [index, { name }] of chosen.entries()) {
      run.signal.throwIfAborted();
      run.onProgress('attacks', index, chosen.length);
      await measure(bench, name);
      if ((index + 1) % attacksBetween === 0 || index === chosen.length - 1) await measure(bench, ordinaryUse);
    }
    await repeatSlow(bench, run);
    memoryMB.after = await settled(bench, settleSeconds);
  } finally {
    stop.abort();
    await readers;
  }
  return { measured: bench.measured, answers, memoryMB, deaths: scene.deaths };
}

/** Starts the thread that compiles grammars, which then stays: its memory is that of a feature in use. */
async function askUnderGrammar({ baseUrl, keys }: AbuseScene): Promise<void> {
  const schema = { type: 'object', properties: { answer: { type: 'boolean' } } };
  const body = {
    model: `toy:${toySeed}`,
    messages: [{ role: 'user', content: 'Yes or no?' }],
    max_tokens: 8,
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
  };
  const headers = { authorization: `Bearer ${keys.ordinary}`, 'content-type': 'application/json' };
  const response = await fetch(`${baseUrl}/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`an answer under a grammar was refused: ${await response.text()}`);
}

/** Devices and clients over HTTP, each with a key of its own. */
async function readHonestly(scene: AbuseScene, onAnswer: OnAnswer, stop: AbortSignal): Promise<void> {
  const tasks = await makeTasks();
  const chats = await makeChats();
  await using model = createDraftModel(honestCount);
  const { url } = scene.edge;
  const devices = scene.keys.honest.map((key, number) =>
    readAsDevice({ url, key, tasks, model, onAnswer }, number, stop),
  );
  const clients = scene.keys.honestHttp.map((key, number) =>
    closedLoop(chats, number, stop, (chat) => readChat({ baseUrl: scene.baseUrl, key, onAnswer }, chat, stop)),
  );
  await Promise.all([...devices, ...clients]);
}

interface Bench {
  readonly scene: AbuseScene;
  readonly seconds: number;
  readonly answers: readonly Answer[];
  readonly honestPrompt: readonly number[];
  readonly measured: Measurement[];
}

/** @returns resident memory of the edge after ordinary use and a collection, MB */
async function settled(bench: Bench, seconds: number): Promise<number> {
  await measure({ ...bench, seconds }, ordinaryUse);
  await bench.scene.collect();
  const samples: number[] = [];
  for (let count = 0; count < memorySamples; count += 1) {
    samples.push(await bench.scene.memoryMB());
    await pause(memorySampleMs);
  }
  return quantile(samples, 0.5);
}

async function measure(bench: Bench, attack: string): Promise<void> {
  const { scene, honestPrompt, measured } = bench;
  const least = attacks.find(({ name }) => name === attack)?.leastSeconds ?? 0;
  const seconds = Math.max(bench.seconds, least);
  const { lines } = await scene.log(0);
  scene.peakMB = 0;
  const { startMs, busySeconds } = await scene.run(attack, seconds, honestPrompt);
  const endMs = startMs + seconds * 1000;
  const busyShare = busySeconds / ((performance.now() - startMs) / 1000);
  const peakMB = scene.peakMB - scene.idleMB;
  const records = attack === ordinaryUse ? 0 : await noticed(bench, attack, lines);
  measured.push({ attack, startMs, endMs, records, peakMB, busyShare });
}

/** @returns the number of the attacker's records since line `from` */
async function noticed(bench: Bench, attack: string, from: number): Promise<number> {
  await pause(afterMs);
  let records = await attackerRecords(bench, from);
  for (let waitedMs = 0; records === 0 && waitedMs < noticeMs; waitedMs += afterMs) {
    await pause(afterMs);
    records = await attackerRecords(bench, from);
  }
  if (records > 0) return records;
  // After a flood the log only counts for a while: the attack before this one may have filled it.
  await bench.scene.run(attack, againSeconds, bench.honestPrompt);
  await pause(afterMs);
  return attackerRecords(bench, from);
}

async function attackerRecords({ scene }: Bench, from: number): Promise<number> {
  const { records } = await scene.log(from);
  const isAttacker = ({ address, key }: LogRecord): boolean =>
    key === 'attacker' || (scene.from !== '127.0.0.1' && address === scene.from);
  return records.filter(isAttacker).length;
}

async function repeatSlow(bench: Bench, run: Run): Promise<void> {
  for (const attack of slowAttacks(bench, suspiciousSlowdown)) {
    for (let count = 1; count < repetitions; count += 1) {
      run.signal.throwIfAborted();
      await measure(bench, attack);
      await measure(bench, ordinaryUse);
    }
  }
}
