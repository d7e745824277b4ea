// `outrider trial soak`: an edge process under churn for a long time, at a toy target, over real sockets, with keys and a log file that is
// rotated. Texts must stay right, memory and handles flat, and in the end nothing may be open.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import type { KeyTerms } from '../../../src/core/access/key-book.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { type OptionsOf, trialSeed } from '../../../src/core/options/options.ts';
import { addKeyTo } from '../../../src/files/key-files.ts';
import { type ProbedEdge, startProbedEdge } from '../../measuring/probe.ts';
import type { EdgeResources } from '../../measuring/probe-main.ts';
import { ids, toyTasks } from '../../readers/toy-reader.ts';
import { type ChurnCount, type ChurnCounts, ChurningDevice, churnKinds, noCounts } from './churn.ts';
import { growthOf, handleCount, rowOf, type SoakRow } from './samples.ts';

const options = {
  minutes: { flag: '--minutes <count>', help: 'how long', number: [0.1, 100_000], default: 4, full: 30 },
  sessions: {
    flag: '--sessions <count>',
    help: 'devices at the same time; the edge has a third as many places',
    whole: [3, 600],
    default: 36,
  },
  rate: {
    flag: '--rate <count>',
    help: 'answers begun in a second, of all devices together, where the machine keeps up',
    number: [0.1, 1000],
    default: 30,
  },
  seed: trialSeed as typeof trialSeed,
  /** Time for the edge to close what devices have left behind, ms: silent connections after 10 s, lost sessions, timers. */
  closingMs: { default: 60_000 as number },
  /** Options of Node for the edge: a module that leaks shows that the trial sees it. */
  nodeOptions: { default: [] as readonly string[] },
} as const;

type SoakOptions = OptionsOf<typeof options>;

const toySeed = 21;
/** Steps last as long as those of a real model, so that devices leave in the middle, and places are taken. */
const profile = 'edge-8b-rtx4090';
const answerTokens = 64;
const promptLengths = [1, 9, 40, 120, 250] as const;
const contextTokens = 512;
/** Shorter than the default, so that sessions are forgotten all the time. */
const keepLostSeconds = 5;
/** Time between two collections in which the heap is judged; a short soak collects more often. */
const collectEverySeconds = 10;
const leastCollections = 12;
const mostReports = 20;

/** MB from the end of the first third to the end. A session that leaves 150 bytes behind breaks the first in the default soak. */
const mostHeldGrowthMB = 3;
const mostResidentGrowthMB = 10;
/** Shorter soaks do not judge the resident set: V8 and the allocator reserve room in the first minutes. */
const settledMinutes = 5;

/** Parameters of the document that no option changes. */
const fixed = { profile, keepLostSeconds, contextTokens, answerTokens, mostHeldGrowthMB, mostResidentGrowthMB };

interface SoakFound {
  readonly rows: readonly SoakRow[];
  readonly counts: ChurnCounts;
  readonly reports: readonly string[];
  readonly before: Idle;
  readonly after: Idle;
}

/** What an edge holds while no device uses it. */
interface Idle {
  readonly resources: EdgeResources;
  readonly files: number | null;
}

export const soakTrial: Experiment<typeof options, SoakFound, Conclusion<SoakRow>> = {
  name: 'trial soak',
  lasts: '4 minutes',
  fullLasts: '30',
  description:
    'an edge under churn for long: sessions opened, aborted, resumed, abandoned; memory and handles stay flat',
  options,
  measure: soak,
  conclude,
};

/** @throws OutriderError when the edge does not start, or ends on its own */
async function soak(options: SoakOptions, run: Run): Promise<SoakFound> {
  await using opened = new CloseStack();
  const directory = await mkdtemp(join(tmpdir(), 'outrider-soak-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const keyFile = join(directory, 'keys.json');
  const keys = await makeKeys(keyFile);
  const places = Math.max(1, Math.floor(options.sessions / 3));
  const nodeOptions = ['--expose-gc', ...options.nodeOptions];
  const edge = await startProbedEdge(flagsOf(directory, keyFile, places), run.note, { nodeOptions });
  opened.defer(async () => void (await edge.close()));
  return await Promise.race([churn(options, run, edge, keys), edge.lost.then((error) => Promise.reject(error))]);
}

function flagsOf(directory: string, keyFile: string, places: number): string[] {
  const model = ['--model', `toy:${toySeed}`, '--context', `${contextTokens}`, '--sessions', `${places}`];
  const log = ['--log-file', join(directory, 'edge.log'), '--log-level', 'debug', '--log-format', 'json'];
  const kept = ['--log-file-size', '1', '--log-files-kept', '2', '--keep-lost', `${keepLostSeconds}`];
  return [...model, '--profile', profile, '--keys', keyFile, ...log, ...kept];
}

/** An ordinary key, one with a larger share, and one whose sessions are few and often refused. Each as often as it is to be used. */
async function makeKeys(path: string): Promise<string[]> {
  const terms = { scopes: ['verify'], expires: null, share: 1, maxSessions: null, maxWaiting: null } as const;
  const add = async (own: Partial<KeyTerms> & { readonly name: string }): Promise<string> =>
    (await addKeyTo(path, { ...terms, ...own }, Date.now())).key;
  const one = await add({ name: 'one' });
  const larger = await add({ name: 'larger', share: 3 });
  const limited = await add({ name: 'limited', maxSessions: 2, maxWaiting: 2 });
  return [one, one, one, larger, larger, larger, limited];
}

async function churn(options: SoakOptions, run: Run, edge: ProbedEdge, keys: readonly string[]): Promise<SoakFound> {
  const { sessions, rate, seed } = options;
  const counts = noCounts();
  const reports: string[] = [];
  const report = (text: string): void => {
    if (reports.length < mostReports) reports.push(text);
  };
  const prompts = promptLengths.map((length, number) => ids(length, 500 * (number + 1)));
  const tasks = await toyTasks(toySeed, prompts, answerTokens);
  const settings = { url: edge.url, toySeed, tasks, keys, counts, report };
  const before = await idleOf(edge);
  const seconds = 60 * options.minutes;
  const endMs = performance.now() + 1000 * seconds;
  const isOver = (): boolean => run.signal.aborted || performance.now() >= endMs;
  const lanes = Array.from({ length: sessions }, async (_, lane) => {
    await using device = new ChurningDevice(settings, createRandom(seed, lane));
    for (let turn = 0; !isOver(); turn += 1) {
      // Beginnings are spread evenly; a device that is late begins at once.
      const beginMs = endMs - 1000 * seconds + ((turn * sessions + lane) * 1000) / rate;
      const waitMs = Math.min(beginMs, endMs) - performance.now();
      await sleep(Math.max(0, waitMs), undefined, { signal: run.signal }).catch(() => {});
      if (!isOver()) await device.once();
    }
  });
  const rows = await watch(edge, seconds, run);
  await Promise.all(lanes);
  run.signal.throwIfAborted();
  return { rows, counts, reports, before, after: await closed(edge, before, options.closingMs) };
}

/** One sample a second; ends early at an interruption. */
async function watch(edge: ProbedEdge, seconds: number, { onProgress, signal }: Run): Promise<SoakRow[]> {
  const rows: SoakRow[] = [];
  const collectEvery = Math.max(1, Math.min(collectEverySeconds, Math.floor(seconds / leastCollections)));
  const startMs = performance.now();
  for (let second = 1; second <= seconds && !signal.aborted; second += 1) {
    await sleep(Math.max(0, startMs + 1000 * second - performance.now()));
    const resources = await edge.ask(second % collectEvery === 0 ? 'collect' : 'resources');
    rows.push(rowOf(second, resources, await fileCount(edge.processId)));
    onProgress('seconds', second, Math.floor(seconds));
  }
  return rows;
}

async function idleOf(edge: ProbedEdge): Promise<Idle> {
  return { resources: await edge.ask('collect'), files: await fileCount(edge.processId) };
}

/** Waits, when all devices have left, until the edge is as idle as before, or until the limit. */
async function closed(edge: ProbedEdge, before: Idle, limitMs: number): Promise<Idle> {
  const untilMs = performance.now() + limitMs;
  for (;;) {
    const now = await idleOf(edge);
    const isAsIdle = Object.values(leftOver(now, before)).every((count) => count <= 0);
    if (isAsIdle || performance.now() > untilMs) return now;
    await sleep(250);
  }
}

/** What is open that was not open before. */
function leftOver({ resources, files }: Idle, before: Idle) {
  return {
    leftSessions: resources.sessions + resources.waiting,
    leftConnections: resources.connections,
    leftFiles: (files ?? 0) - (before.files ?? 0),
    leftHandles: handleCount(resources) - handleCount(before.resources),
  };
}

/** On Linux. */
async function fileCount(processId: number): Promise<number | null> {
  const names = await readdir(`/proc/${processId}/fd`).catch(() => null);
  return names === null ? null : names.length;
}

function conclude({ rows, counts, reports, before, after }: SoakFound, asked: SoakOptions): Conclusion<SoakRow> {
  const { minutes, sessions, rate, seed } = asked;
  const sum = (key: keyof ChurnCount): number => churnKinds.reduce((total, kind) => total + counts[kind][key], 0);
  const heldGrowthMB = growthOf(rows, ({ heldMB }) => heldMB);
  const rssGrowthMB = growthOf(rows, ({ residentMB }) => residentMB);
  const left = leftOver(after, before);
  const texts = { wrongTexts: sum('wrong'), failedTurns: sum('failed') };
  const isFlat = heldGrowthMB <= mostHeldGrowthMB && (minutes < settledMinutes || rssGrowthMB <= mostResidentGrowthMB);
  const faults = [...Object.values(texts), ...Object.values(left)];
  return {
    rows,
    forPeople: churnKinds.map((kind) => ({ churn: kind, ...counts[kind] })),
    summary: {
      begun: sum('begun'),
      complete: sum('complete'),
      resumed: sum('resumed'),
      refusedAsFull: sum('full'),
      ...texts,
      ...left,
      heldGrowthMB,
      heldMB: rows.findLast(({ heldMB }) => heldMB !== null)?.heldMB ?? null,
      rssGrowthMB,
      rssMB: rows.at(-1)?.residentMB ?? null,
      mostConnections: Math.max(0, ...rows.map(({ connections }) => connections)),
    },
    params: { minutes, sessions, rate, seed, counts, ...fixed },
    passed: isFlat && faults.every((count) => count <= 0),
    remarks: reports,
  };
}
