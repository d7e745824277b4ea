// `outrider bench capacity`: how many sessions one edge holds while 95 of 100 answers keep a time per output token, in virtual time along
// recorded drafts; and the same load on the wall clock at small scale.

import { findTrace } from '../../../simulator/files/shipped-traces.ts';
import type { Conclusion, Experiment, Run, Unit } from '../../../simulator/runner/experiment.ts';
import { WorkerPool, workersOption } from '../../../simulator/runner/worker-pool.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { latencyProfiles } from '../../../src/models/port/profiles.ts';
import { nameList } from '../name-list.ts';
import {
  type CapacityCell,
  type CapacityRun,
  type CapacitySettings,
  capacityModes,
  capacityWork,
  usualSettings,
} from './cell.ts';
import { type EdgesRow, edgeCounts, edgesRow, spreadPreset, spreads } from './edges.ts';
import { capacityFigure } from './figure.ts';
import { aloneMs, edgePower, mainTarget, relativeName, targetsOf, usualTargets } from './hardware.ts';
import { type CapacityRow, type HeldRow, heldRows, summariseCapacity } from './rows.ts';
import { lateLimit, measureWallMode, type WallRow, type WallSettings, wallModes } from './wall.ts';

const profileNames = latencyProfiles.map(({ name }) => name);
const usualProfiles: readonly string[] = ['edge-70b-a6000', 'edge-70b-a100x2'];
const allProfiles: readonly string[] = [...usualProfiles, 'edge-8b-rtx4090'];
const wallProfile = 'edge-70b-a6000';
const usualRoundTripsMs = [10, 30, 60] as const;
const firstSeed = 1;

const options = {
  clock: {
    flag: '--clock <name>',
    help: 'virtual: the search; wall: the same load on a paced edge process; or both',
    choices: ['both', 'virtual', 'wall'],
    default: 'both',
  },
  profiles: {
    flag: '--profiles <name,...>',
    help: 'hardware of the edge',
    parse: nameList('profile', profileNames) as (text: string) => readonly string[],
    default: usualProfiles as readonly string[],
    defaultLabel: 'edge-70b-a6000,edge-70b-a100x2',
    full: allProfiles as readonly string[],
  },
  seeds: {
    flag: '--seeds <count>',
    help: 'paired seeds: order of the texts, round trips',
    whole: [1, 1000],
    default: 1,
    full: 2,
  },
  roundTripsMs: {
    flag: '--rtt <ms,...>',
    help: 'round trips of the devices, in equal numbers',
    numbers: [0, 10_000],
    default: usualRoundTripsMs as readonly number[],
  },
  drafts: {
    flag: '--drafts <trace>',
    help: 'recorded answers and drafts: a name, or a file',
    default: 'coarse-greedy',
  },
  draftMs: { flag: '--draft-ms <ms>', help: 'time of a draft on a device', number: [0.1, 1000], default: 10 },
  edgeDraftShare: {
    flag: '--edge-draft-share <number>',
    help: "edge-sd: time of a draft on the edge as a share of the target's step",
    number: [0, 1],
    default: 0.125,
  },
  targets: {
    flag: '--targets <steps,...>',
    help: 'p95 times per token, as multiples of the step of a session alone; the summary needs 1.5',
    numbers: [0.01, 100],
    default: usualTargets as readonly number[],
  },
  rowsPerSession: {
    flag: '--rows-per-session <number>',
    help: 'stream, auto: limit of the rows of a step for each session, 12 in all at least',
    number: [1, 1000],
    defaultLabel: '1 to 2.5 by the load',
  },
  hasPrompts: {
    flag: '--prompts',
    help: 'the edge evaluates the prompts, too; without edge-sd, whose emulation has none',
  },
  mostSessions: { flag: '--most <count>', help: 'where the search ends', whole: [1, 4096], default: 512 },
  workers: workersOption as typeof workersOption,
  wallSessions: {
    flag: '--wall-sessions <count>',
    help: 'sessions of the edge process',
    group: 'On the wall clock:',
    whole: [1, 32],
    default: 6,
  },
  wallTexts: {
    flag: '--wall-texts <count>',
    help: 'answers that count in each mode',
    group: 'On the wall clock:',
    whole: [2, 1000],
    default: 36,
  },
  wallTokens: { default: 64 as number },
  wallAgreement: { default: 0.8 as number },
  wallTarget: { default: 1.1 as number },
} as const;
type Options = OptionsOf<typeof options>;

interface Found {
  readonly runs: readonly CapacityRun[];
  readonly edges: readonly EdgesRow[];
  readonly wall: readonly WallRow[];
}

export const capacityExperiment: Experiment<typeof options, Found, Conclusion<CapacityRow>> = {
  name: 'bench capacity',
  lasts: '5 minutes',
  fullLasts: '20',
  description:
    'sessions that one edge holds at a fixed p95 time per output token: stream and auto with and without a target, ar, edge-sd',
  notes: `
The wall clock needs about two minutes on two idle cores. A run in which more than ${100 * lateLimit} % of the paced steps were late is void, and repeated.
Targets, power model, and what counts: docs/research/benchmarks.md.`.trimStart(),
  isResumable: true,
  isTimed: ({ clock }) => clock !== 'virtual',
  options,
  async measure(given, run) {
    await run.begin({ ...settingsOf(given), ...wallSettings(given), firstSeed });
    const runs = given.clock === 'wall' ? [] : await measureVirtual(given, run);
    const edges = await measureEdges(heldRows(runs));
    const wall = given.clock === 'virtual' ? [] : await measureWall(given, run);
    return { runs, edges, wall };
  },
  conclude({ runs, edges, wall }, given) {
    const held = heldRows(runs);
    return {
      rows: [...held, ...edges, ...wall],
      forPeople: [...held.map(briefly), ...wall],
      summary: summariseCapacity(runs, held, wall),
      params: paramsOf(given),
      seed: firstSeed,
      remarks: wall.filter(({ isValid }) => !isValid).map(voidRemark),
      passed: wall.every(({ answers, identical }) => answers === identical),
    };
  },
  figure: capacityFigure,
  goals: () => ({
    a6000At110: { atLeast: 3.4 },
    a6000At125: { atLeast: 2 },
    a6000At150: { atLeast: 1.5 },
    a100x2At110: { atLeast: 3.4 },
    a100x2At125: { atLeast: 2 },
    a100x2At150: { atLeast: 1.5 },
    rtx4090At150: { atLeast: 1.2 },
    sessionsAutoOverEdgeSd: { atLeast: 1 },
    sessionsAutoTargetOverEdgeSd: { atLeast: 1 },
    wallOffVirtual: 0.1,
  }),
};

function settingsOf(given: Options): CapacitySettings {
  const { drafts, roundTripsMs, draftMs, edgeDraftShare, rowsPerSession = null, hasPrompts, targets } = given;
  const { mostSessions } = given;
  return { drafts, roundTripsMs, draftMs, edgeDraftShare, hasPrompts, targets, mostSessions, rowsPerSession };
}

function wallSettings(given: Options) {
  const { roundTripsMs, draftMs, wallSessions, wallTexts, wallTokens, wallAgreement, wallTarget } = given;
  return {
    profile: wallProfile,
    sessions: wallSessions,
    texts: wallTexts,
    answerTokens: wallTokens,
    agreement: wallAgreement,
    targetSteps: wallTarget,
    roundTripsMs,
    draftMs,
  } satisfies WallSettings;
}

async function measureVirtual(given: Options, run: Run): Promise<CapacityRun[]> {
  const { profiles, seeds, workers } = given;
  const settings = settingsOf(given);
  if (findTrace(settings.drafts).sessions.every(({ answer }) => answer.length < usualSettings.leastTokens))
    throw badArgument(
      `no answer of this trace has ${usualSettings.leastTokens} tokens`,
      'take one with longer answers: a shorter answer has no pace',
    );
  await using pool = new WorkerPool(capacityWork, null, workers);
  const modes = capacityModes.filter((mode) => !settings.hasPrompts || mode !== 'edge-sd');
  const cells = modes.flatMap((mode) =>
    Array.from({ length: seeds }, (_, index) => firstSeed + index).flatMap((seed) =>
      profiles.map((profile): CapacityCell => ({ ...settings, profile, mode, seed })),
    ),
  );
  return await pool.measureAll(run, 'capacities', cells, ({ profile, mode, seed }) => `${profile} ${mode} ${seed}`);
}

/** How the sessions grow with the number of edges, for the first profile at the main target: with drafts of devices, and without. */
async function measureEdges(held: readonly HeldRow[]): Promise<EdgesRow[]> {
  const rows = held.filter(({ profile, target, mode }) => {
    const isShown = mode === 'ar' || mode === 'stream-target';
    return isShown && profile === held[0]?.profile && target === relativeName(mainTarget);
  });
  const found: EdgesRow[] = [];
  for (const { mode, sessions } of rows)
    for (const edges of edgeCounts)
      for (const spread of spreads) found.push(await edgesRow(mode, Math.floor(sessions), edges, spread));
  return found;
}

async function measureWall(given: Options, run: Run): Promise<WallRow[]> {
  const settings = wallSettings(given);
  const units = wallModes.map((mode): Unit<WallRow> => {
    return { key: `wall ${mode}`, measure: () => measureWallMode(mode, settings, run) };
  });
  return await run.all('wall clock', units);
}

function paramsOf(given: Options): Record<string, unknown> {
  const { profiles, seeds, clock } = given;
  const hardware = latencyProfiles
    .filter(({ name }) => profiles.includes(name))
    .map((profile) => ({
      name: profile.name,
      stepMs: profile.stepMs,
      rowMs: profile.rowMs,
      aloneMs: aloneMs(profile),
      ...edgePower(profile.name),
      targets: targetsOf(profile, given.targets),
    }));
  const shared = { ...settingsOf(given), ...usualSettings };
  return { clock, profiles, seeds, ...shared, mainTarget, spreadPreset, hardware, wall: wallSettings(given) };
}

function voidRemark({ mode, latePacedSteps }: WallRow): string {
  return `${mode}: ${(100 * latePacedSteps).toFixed(1)} % of the paced steps were late; this machine is too busy, and the run does not count`;
}

function briefly(row: HeldRow): object {
  const { profile, target, targetMs, mode, sessions, overAr, boundOverAr, overEdgeSd, meanMs, medianMs, goodput } = row;
  return { profile, target, targetMs, mode, sessions, overAr, boundOverAr, overEdgeSd, meanMs, medianMs, goodput };
}
