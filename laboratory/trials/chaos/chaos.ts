// `outrider trial chaos`: controllers and edges as real processes, devices that read answers, and faults: processes are killed, stopped, drained
// and started again, links are cut, slowed and stuck. Every text must be the target's own, and no answer may be lost.

import { setTimeout as sleep } from 'node:timers/promises';
import { type FleetAnswer, FleetReader } from '../../../simulator/fleet/fleet-reader.ts';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { reachController } from '../../../src/cli/options/member-options.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';
import { type OptionsOf, trialSeed } from '../../../src/core/options/options.ts';
import { sameText } from '../../readers/toy-reader.ts';
import { openTarget } from './chaos-target.ts';
import { type ControlPlane, fleetFaults, openControlPlane, planeFaults } from './control-plane.ts';
import { longestWithoutDecider, type WithoutDecider } from './decider-watch.ts';
import { ChaosMember } from './members.ts';

const options = {
  faults: { flag: '--faults <count>', help: 'faults', whole: [1, 10_000], default: 50, full: 100 },
  devices: { flag: '--devices <count>', help: 'devices that read', whole: [1, 64], default: 8 },
  edges: { flag: '--edges <count>', help: 'edge processes', whole: [2, 8], default: 3 },
  every: { flag: '--every <seconds>', help: 'mean time from one fault to the next', number: [0.1, 60], default: 4 },
  engine: {
    flag: '--engine <engine>',
    help: "toy, ik or vllm:FOLDER: edges have their target in a worker's process, which faults hit too",
    defaultLabel: 'a toy inside each edge',
  },
  fleet: {
    flag: '--fleet <store>',
    help: 'local: two controllers by lease, with a store of three servers here, which faults hit too',
    choices: ['local'] as const,
    type: undefined as 'local' | undefined,
    defaultLabel: 'one controller',
  },
  pair: pairOption as typeof pairOption,
  target: {
    flag: '--model <name|path>',
    help: "instead of the pair's target: GGUF that ik runs; for vLLM a GGUF of the same model, for its tokenizer",
  },
  seed: trialSeed as typeof trialSeed,
} as const;

type ChaosOptions = OptionsOf<typeof options>;

const thinkMs = 200;
const roundTripMs = 10;
const bitsPerSecond = 50e6;
/** A link that carries about two frames a second. */
const slowBitsPerSecond = 2000;
/** A link on which everything is stuck. */
const stuckBitsPerSecond = 1;

interface ChaosFound {
  readonly counts: ReadonlyMap<string, number>;
  readonly answers: readonly FleetAnswer[];
  readonly references: readonly (readonly number[])[];
  /** Answers that could not begin. */
  readonly failures: number;
  readonly withoutDecider: WithoutDecider;
}

export const chaosTrial: Experiment<typeof options, ChaosFound> = {
  name: 'trial chaos',
  lasts: '4 minutes',
  fullLasts: '7',
  description:
    'kills, stops and drains real edges and controllers, and breaks links, while devices read; no text may differ',
  options,
  measure,
  conclude,
  goals: () => ({ withoutDeciderMs: 20_000, withoutDeciderAfterStoreFaultMs: 30_000 }),
};

async function measure(options: ChaosOptions, run: Run): Promise<ChaosFound> {
  const random = createRandom(options.seed, 0);
  await using target = await openTarget({ ...options, model: namesOf(options).target });
  const { references, answerTokens, places } = target;
  await using plane = await openControlPlane(options.fleet);
  const flags = ['--sessions', `${options.devices}`, '--drain', '3', '--controller', plane.url];
  const stations = await Promise.all(
    places.map(async (place, index) => {
      const own = [...place.flags, ...flags, '--name', `edge-${index + 1}`];
      const edge = await ChaosMember.start((port) => startEdgeProcess(own, () => {}, { port }));
      return { edge, engine: place.engine };
    }),
  );
  const plan = {
    tokenizer: target.tokenizer,
    drafterOf: target.drafterOf,
    prompts: target.prompts,
    maxAnswerTokens: () => answerTokens,
    roundTripMs: () => roundTripMs,
    thinkMs,
    rates: () => bitsPerSecond,
    note: (line: string) => run.note(line),
  };
  const fromMs = performance.now();
  const readers = Array.from(
    { length: options.devices },
    (_, index) => new FleetReader(plan, reachController({ controller: plane.url }), index),
  );
  for (const reader of readers) void reader.run();
  try {
    const counts = await injectAll({ plane, stations, readers }, options, run, random);
    // Then devices end one after the other.
    const decidedToMs = performance.now();
    await Promise.all(readers.map((reader) => reader.finish()));
    const failures = readers.reduce((sum, reader) => sum + reader.failures, 0);
    const { posts, stores, decidedMs, outages } = plane;
    const times = { fromMs, toMs: decidedToMs, decidedMs };
    const watched = { ...times, outages, controllers: posts.length, stores: stores.length };
    const withoutDecider = longestWithoutDecider(watched);
    return { counts, answers: readers.flatMap(({ answers }) => answers), references, failures, withoutDecider };
  } finally {
    for (const reader of readers) reader.close();
    await Promise.allSettled(stations.map(({ edge }) => edge.close()));
  }
}

/** An edge, and its engine if that is a process of its own. */
interface Station {
  readonly edge: ChaosMember;
  readonly engine: ChaosMember | null;
}

interface World {
  readonly plane: ControlPlane;
  readonly stations: readonly Station[];
  readonly readers: readonly FleetReader[];
}

/** @returns what to wait for until the fault is over; null: it finds no victim now */
type Fault = (world: World, random: Random) => Promise<void> | null;

function between(random: Random, least: number, most: number): number {
  return least + random.uniform() * (most - least);
}

/** On one, if another stays well: with none, every device can only wait. */
function onStation(act: (station: Station, random: Random) => Promise<void> | null): Fault {
  return ({ stations }, random) => {
    const well = stations.filter(({ edge, engine }) => edge.isWell && engine?.isWell !== false);
    if (well.length < 2) return null;
    return act(well[random.integer(well.length)] as Station, random);
  };
}

function onEdge(act: (edge: ChaosMember, random: Random) => Promise<void>): Fault {
  return onStation(({ edge }, random) => act(edge, random));
}

/** Not where it runs inside the edge. */
function onEngine(act: (engine: ChaosMember, random: Random) => Promise<void>): Fault {
  return onStation(({ engine }, random) => (engine === null ? null : act(engine, random)));
}

function onPlane(some: typeof planeFaults): Record<string, Fault> {
  const entries = Object.entries(some).map(([name, act]): [string, Fault] => {
    return [name, ({ plane }, random) => act(plane, random)];
  });
  return Object.fromEntries(entries);
}

function onLinks(act: (reader: FleetReader, random: Random) => Promise<void>): Fault {
  return ({ readers }, random) => act(readers[random.integer(readers.length)] as FleetReader, random);
}

async function slowed(reader: FleetReader, rate: number, forMs: number): Promise<void> {
  reader.slowLinks(rate);
  await sleep(forMs);
  reader.slowLinks(bitsPerSecond);
}

const faults: Readonly<Record<string, Fault>> = {
  'edge killed': onEdge((edge, random) => edge.kill(between(random, 0, 3000))),
  'edge stopped': onEdge((edge, random) => edge.stop(between(random, 300, 8000))),
  'edge drained': onEdge((edge, random) => edge.drain(between(random, 0, 2000))),
  'engine killed': onEngine((engine, random) => engine.kill(between(random, 0, 3000))),
  // Longer than the silence after which an edge gives it up, now and then.
  'engine stopped': onEngine((engine, random) => engine.stop(between(random, 300, 15_000))),
  ...onPlane(planeFaults),
  'links cut': onLinks(async (reader) => reader.cutLinks()),
  'links slowed': onLinks((reader, random) => slowed(reader, slowBitsPerSecond, between(random, 500, 4000))),
  'links stuck': onLinks((reader, random) => slowed(reader, stuckBitsPerSecond, between(random, 500, 7000))),
};

async function injectAll(world: World, options: ChaosOptions, run: Run, random: Random) {
  const counts = new Map<string, number>();
  const running = new Set<Promise<void>>();
  const hasEngines = world.stations.some(({ engine }) => engine !== null);
  const all = { ...faults, ...(options.fleet === undefined ? {} : onPlane(fleetFaults)) };
  const names = Object.keys(all).filter((name) => hasEngines || !name.startsWith('engine'));
  for (let count = 0; count < options.faults; ) {
    run.signal.throwIfAborted();
    run.onProgress('faults', count, options.faults);
    await sleep(1000 * options.every * between(random, 0.5, 1.5));
    const name = names[random.integer(names.length)] as string;
    const fault = (all[name] as Fault)(world, random);
    if (fault === null) continue;
    count += 1;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const over = fault.finally(() => running.delete(over));
    running.add(over);
  }
  await Promise.all(running);
  return counts;
}

function conclude({ counts, answers, references, failures, withoutDecider }: ChaosFound): Conclusion {
  const ended = answers.filter(({ report }) => report.outcome.kind === 'ended');
  const identical = ended.filter(({ prompt, report }) => sameText(report.tokens, references[prompt])).length;
  const gaps = answers.map(({ commits }) =>
    commits.reduce((most, { atMs }, at) => Math.max(most, atMs - (commits[at - 1]?.atMs ?? atMs)), 0),
  );
  const summary = {
    faults: [...counts.values()].reduce((sum, count) => sum + count, 0),
    texts: ended.length,
    identical,
    lostSessions: answers.length - ended.length + failures,
    handovers: answers.reduce((sum, { report }) => sum + Math.max(0, report.servedBy.length - 1), 0),
    longestOutageMs: Math.round(Math.max(0, ...gaps)),
    outageMsP95: gaps.length === 0 ? 0 : Math.round(quantile(gaps, 0.95)),
    withoutDeciderMs: Math.round(withoutDecider.usual),
    withoutDeciderAfterStoreFaultMs: Math.round(withoutDecider.afterStoreFault),
  };
  const remarks = answers.flatMap(({ device, report }) => {
    const { outcome, tokens, servedBy } = report;
    if (outcome.kind !== 'failed') return [];
    const served = servedBy.map(({ edge, fromMs }) => `${edge} from ${Math.round(fromMs)} ms`).join(', ');
    return [
      `device-${device + 1} lost an answer after ${tokens.length} tokens (${served}): ${outcome.cause} [${outcome.code}]`,
    ];
  });
  const passed = identical === ended.length && summary.lostSessions === 0 && ended.length > 0;
  return { rows: [...counts].map(([fault, count]) => ({ fault, count })), summary, remarks, passed };
}
