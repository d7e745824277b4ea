// The options of `outrider bench modes`, for both of its clocks.

import { workersOption } from '../../../simulator/runner/worker-pool.ts';
import { engineOptions } from '../../../src/cli/options/engine-options.ts';
import { gpuOption } from '../../../src/cli/options/gpu-option.ts';
import { lookUpOption, type MinConfidence, parseMinConfidence } from '../../../src/cli/options/look-up-place.ts';
import { pairOption } from '../../../src/cli/options/pair-options.ts';
import { grouped, type OptionsOf } from '../../../src/core/options/options.ts';
import { modeNames } from '../../../src/core/protocol/wire/mode.ts';
import { defaultEdgeProfile, latencyProfiles } from '../../../src/models/port/profiles.ts';
import { nameList } from '../name-list.ts';
import {
  type BenchMode,
  emulatedRivals,
  hedgedName,
  mixHeadName,
  type PlainMode,
  plainNames,
  type RowMode,
  rivalNames,
  virtualOnlyNames,
} from './metrics.ts';

/** The rows of both clocks. */
export const sharedModes: readonly Exclude<BenchMode, 'auto' | PlainMode>[] = [...modeNames, hedgedName, ...rivalNames];
/** `auto` and plain decoding are rows of the wall clock only. */
const benchModes: readonly RowMode[] = [
  ...sharedModes,
  ...virtualOnlyNames,
  ...emulatedRivals,
  mixHeadName,
  'auto',
  ...plainNames,
];

/** Options of `bench auto` as well. */
export const acceptanceOption = {
  flag: '--acceptance <number,...>',
  help: 'chances that a draft is right; a trace has its own',
  numbers: [0, 1] as readonly [number, number],
  default: [0.3, 0.65, 0.8, 0.95] as readonly number[],
} as const;
export const usualRoundTripsMs: readonly number[] = [0, 4, 10, 30, 60, 100, 200];

const forBoth = {
  clock: { flag: '--clock <name>', help: 'virtual or wall', choices: ['virtual', 'wall'], default: 'virtual' },
  modes: {
    flag: '--modes <name,...>',
    help: 'only these: modes, hedges of the edge and further rivals (virtual), auto and plain decoding (wall)',
    parse: nameList('mode', benchModes) as (text: string) => readonly RowMode[],
  },
  roundTripsMs: { flag: '--rtt <ms,...>', help: 'round-trip times', numbers: [0, 10_000] },
  tokens: {
    flag: '--tokens <count>',
    help: 'tokens of a text (default: 400 virtual, 64 wall, 48 unpaced)',
    whole: [8, 10_000],
  },
  maxAhead: {
    flag: '--max-ahead <count>',
    help: 'drafts beyond the final text at most, in mode stream',
    whole: [1, 512],
    default: 24,
  },
  minConfidence: {
    flag: '--min-confidence <number|auto>',
    parse: parseMinConfidence as (text: string) => MinConfidence,
    default: 'auto',
    help: 'pause drafting below this chance of the chain; auto: by what drafts cost and bring (virtual: 0)',
  },
} as const;

const forVirtual = {
  acceptances: acceptanceOption as typeof acceptanceOption,
  drafts: {
    flag: '--drafts <alike|classes|trace>',
    help: 'alike: every draft is right with the same chance; classes: unsure and sure positions; or a trace with runners-up',
    default: 'alike',
  },
  seeds: {
    flag: '--seeds <count>',
    help: 'runs of a cell; all modes share the seeds',
    whole: [2, 10_000],
    default: 4,
    full: 20,
  },
  seed: { flag: '--seed <number>', help: 'the first of them', whole: [0, 2_147_483_648], default: 1 },
  sessions: {
    flag: '--sessions <count,...>',
    help: 'sessions of a loaded edge, measured as well at acceptance 0.8',
    wholes: [2, 1024],
    default: [16, 64],
  },
  workers: workersOption as typeof workersOption,
  full: {
    flag: '--full',
    help: 'try every draft length from 1 to 64 with every seed (20 minutes of processor time) instead of searching',
  },
} as const;

const forWall = {
  quick: { flag: '--quick', help: 'a smoke test of about a minute' },
  pair: pairOption as typeof pairOption,
  engine: {
    flag: '--engine <engine>',
    help: 'run the target by another engine than llama.cpp (needs --unpaced): fewer modes, and plain decoding by both',
    parse: engineOptions.engine.parse as (text: string) => string,
    default: 'llama' as string,
  },
  gpu: gpuOption as typeof gpuOption,
  profile: {
    flag: '--profile <name>',
    help: 'hardware that the edge is paced to',
    choices: latencyProfiles.map(({ name }) => name) as readonly string[],
    default: defaultEdgeProfile.name as string,
  },
  unpaced: {
    flag: '--unpaced',
    help: 'no latency emulation; adds modes auto and ar-native, the edge alone without a shape law',
  },
  prompts: {
    flag: '--prompts <count>',
    help: 'prompts, each written once in a run (default: 6, unpaced 4)',
    whole: [1, 10],
  },
  repeats: {
    flag: '--repeats <count>',
    help: 'runs of each mode and round trip (default: 5, unpaced 3)',
    whole: [1, 100],
  },
  gammas: {
    flag: '--gammas <count,...>',
    help: 'draft lengths that a pilot tries (default: the predicted one and its neighbours)',
    wholes: [1, 63],
  },
  unread: {
    flag: '--unread',
    help: 'the draft model reads the prompt anew in each turn, as with a new prompt (default: it has read it before)',
  },
  minutes: {
    flag: '--minutes <number>',
    help: 'start no new run after this many minutes (needs --resume)',
    number: [0, 10_000],
  },
  tries: {
    flag: '--tries <count>',
    help: 'maximum tries of a void run (default: 3, and at most a third of the plan in total)',
    whole: [1, 100],
  },
  lookUp: lookUpOption as typeof lookUpOption,
} as const;

export type ModesTable = typeof forBoth & typeof forVirtual & typeof forWall;
export const modesOptions: ModesTable = {
  ...forBoth,
  ...grouped('With --clock virtual:', forVirtual),
  ...grouped('With --clock wall:', forWall),
};
export type ModesOptions = OptionsOf<ModesTable>;
