// `outrider bench live`: policies that decide live, over real sockets, take turns on the same fleet. What devices feel under each, how well
// it was predicted, and what handovers cost.

import { type Estimate, estimate, type Within, within } from '../../../simulator/charts/bootstrap.ts';
import { scenarioHardware } from '../../../simulator/fleet/demo.ts';
import type { Conclusion, Experiment, Goals, Run } from '../../../simulator/runner/experiment.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { mean, median, quantile } from '../../../src/core/basics/statistics.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { defaultEdgeProfile, latencyProfiles } from '../../../src/models/port/profiles.ts';
import { nameList } from '../name-list.ts';
import { type Block, type LiveFound, type LivePolicy, livePolicies, playFleet } from './live-run.ts';

const policyNames = livePolicies.map(({ name }) => name);
type PolicyName = LivePolicy['name'];

const options = {
  edges: { flag: '--edges <count>', help: 'edge processes', whole: [1, 16], default: 6 },
  devices: { flag: '--devices <count>', help: 'devices, each of which reads', whole: [1, 64], default: 40 },
  seconds: {
    flag: '--seconds <number>',
    help: 'duration of a run, of all policies together; then answers end',
    number: [5, 3600],
    default: 192,
    full: 256,
  },
  blockSeconds: {
    flag: '--block <seconds>',
    help: 'time of a policy before the next one',
    number: [2, 600],
    default: 16,
  },
  runs: {
    flag: '--runs <count>',
    help: 'fleets, one after the other, each in a world of the next seed',
    whole: [1, 20],
    default: 1,
    full: 3,
  },
  scenario: { flag: '--scenario <name|file>', help: 'world in which devices walk', default: 'city-70b' as string },
  seed: { flag: '--seed <number>', help: 'seed of the world', whole: [0, 4_294_967_295], default: 1 },
  policies: {
    flag: '--policies <name,...>',
    help: 'those that take turns, of max-sinr, max-compute, tma, tma-masac, best-paper, felt',
    parse: nameList('policy', policyNames) as (text: string) => readonly PolicyName[],
    default: ['max-sinr', 'felt'] as readonly PolicyName[],
  },
  real: { flag: '--real', help: 'real models in place of a toy' },
  pair: pairOption as typeof pairOption,
  profile: {
    flag: '--profile <name>',
    help: "hardware whose step times all edges emulate; scenario: the world's own, with its round trips, drafts and texts",
    choices: [scenarioHardware, ...latencyProfiles.map(({ name }) => name)] as readonly string[],
    default: scenarioHardware as string,
  },
  maxTokens: { flag: '--max-tokens <count>', help: 'most tokens of an answer', whole: [1, 1024], default: 768 },
} as const;

type LiveOptions = OptionsOf<typeof options>;

/** Watts of one RTX A6000 at work and at rest (board power 300 W; nvidia.com data sheet; at rest as measured by others, about 25 W). */
const busyWatts = 300;
const idleWatts = 25;
/** Pacing that is later than this share of steps, or drafts that are so many ms late, make a run void. */
const mostLateShare = 0.01;
const mostLateDraftMs = 5;

interface LiveRow extends Within<'tokensPerSecond'>, Within<'msPerToken'> {
  readonly policy: string;
  readonly objective: string;
  readonly blocks: number;
  readonly msPerTokenP95: number;
  readonly firstTokenMs: number | null;
  readonly predictionError: number | null;
  readonly paceError: number | null;
  readonly handovers: number;
  /** Those from an edge whose link was lost; and the part of the time with a task over a lost link. */
  readonly handoversOfLostLinks: number;
  readonly lostLinkPart: number;
  /** The time without new text at a handover over a round trip and a step, and the same between other pieces of text. */
  readonly stallOverLimitP95: number | null;
  readonly gapOverLimitP95: number | null;
}

export const liveExperiment: Experiment<typeof options, readonly LiveFound[], Conclusion<LiveRow>> = {
  name: 'bench live',
  lasts: '4 minutes',
  fullLasts: '16',
  description: 'policies that decide live for real sockets take turns: what devices feel, and what was predicted',
  notes: `...FeltOverMaxSinr: what readers get under best with felt, over Max-SINR. predictionErrorMedian: of abs(predicted / felt - 1),
by the tokens that slots expect; paceErrorMedian: by the pace that people are shown. stallOverLimit: time without text at a handover, over a round trip and the old edge's longest step; gapOverLimit: where no edge changes. draftLateMsP95, latePacedSteps: how far behind the emulated hardware.`,
  options,
  measure,
  conclude,
  goals,
};

async function measure(options: LiveOptions, run: Run): Promise<LiveFound[]> {
  const names = namesOf({ pair: options.pair });
  const policies = livePolicies.filter(({ name }) => options.policies.includes(name));
  const found: LiveFound[] = [];
  for (let index = 0; index < options.runs; index += 1) {
    const seed = options.seed + index;
    found.push(await playFleet({ ...options, ...names, policies, seed, isToy: options.real !== true }, run));
  }
  return found;
}

/** The same round of the same run, under each policy. */
type Round = ReadonlyMap<string, Block>;

function roundsOf({ blocks }: LiveFound): Round[] {
  return [...new Set(blocks.map(({ round }) => round))].map(
    (round) => new Map(blocks.filter((block) => block.round === round).map((block) => [block.key, block])),
  );
}

/** The 95th percentile of the gaps over their limits, but for those on lost links; null without any. */
function gapP95(blocks: readonly Block[], isHandover: boolean): number | null {
  const all = blocks.flatMap(({ gaps }) => gaps);
  const own = all.filter((gap) => gap.isHandover === isHandover && !gap.isLost);
  return own.length === 0
    ? null
    : quantile(
        own.map(({ overLimit }) => overLimit),
        0.95,
      );
}

function errorOf(blocks: readonly Block[], of: 'slotErrors' | 'paceErrors'): number | null {
  const errors = blocks.flatMap((block) => block[of].map(Math.abs));
  return errors.length === 0 ? null : median(errors);
}

function firstTokenOf(blocks: readonly Block[]): number | null {
  const all = blocks.flatMap(({ firstTokensMs }) => firstTokensMs);
  return all.length === 0 ? null : median(all);
}

function rowOf({ key, policy, kind }: LivePolicy, blocks: readonly Block[]): LiveRow {
  const own = blocks.filter((block) => block.key === key);
  const all = own.flatMap(({ msPerToken }) => msPerToken);
  const handovers = own.flatMap(({ gaps }) => gaps).filter(({ isHandover }) => isHandover);
  const meanOf = (read: (block: Block) => number): Estimate =>
    estimate(own.length, (pick) => mean(pick.map((at) => read(own[at] as Block))));
  return {
    policy,
    objective: kind,
    blocks: own.length,
    ...within(
      'tokensPerSecond',
      meanOf(({ tokensPerSecond }) => tokensPerSecond),
    ),
    ...within(
      'msPerToken',
      meanOf(({ msPerToken }) => mean(msPerToken)),
    ),
    msPerTokenP95: all.length === 0 ? Number.NaN : quantile(all, 0.95),
    firstTokenMs: firstTokenOf(own),
    predictionError: errorOf(own, 'slotErrors'),
    paceError: errorOf(own, 'paceErrors'),
    handovers: handovers.length,
    handoversOfLostLinks: handovers.filter(({ isLost }) => isLost).length,
    lostLinkPart: mean(own.map(({ lostPart }) => lostPart)),
    stallOverLimitP95: gapP95(own, true),
    gapOverLimitP95: gapP95(own, false),
  };
}

/** `felt` over Max-SINR, over pairs of turns of one round. */
function ratios(rounds: readonly Round[]): Readonly<Record<string, number | null>> {
  const pairs = rounds.flatMap((round) => {
    const [felt, plain] = [round.get('Felt'), round.get('MaxSinr')];
    return felt === undefined || plain === undefined ? [] : [{ felt, plain }];
  });
  if (pairs.length === 0) return {};
  const feltOf = (pick: readonly number[]): Block[] => pick.flatMap((at) => pairs[at]?.felt ?? []);
  const plainOf = (pick: readonly number[]): Block[] => pick.flatMap((at) => pairs[at]?.plain ?? []);
  const over = (read: (blocks: readonly Block[]) => number): Estimate =>
    estimate(pairs.length, (pick) => read(feltOf(pick)) / read(plainOf(pick)));
  const tokens = over((blocks) => mean(blocks.map(({ tokensPerSecond }) => tokensPerSecond)));
  const late = over((blocks) =>
    quantile(
      blocks.flatMap(({ msPerToken }) => msPerToken),
      0.95,
    ),
  );
  const first = over((blocks) => firstTokenOf(blocks) ?? Number.NaN);
  return {
    ...within('tokensPerSecondFeltOverMaxSinr', tokens),
    ...within('msPerTokenP95FeltOverMaxSinr', late),
    ...within('firstTokenFeltOverMaxSinr', first),
  };
}

function conclude(found: readonly LiveFound[], { policies: names, profile }: LiveOptions): Conclusion<LiveRow> {
  const blocks = found.flatMap((one) => one.blocks);
  const policies = livePolicies.filter(({ name }) => names.includes(name));
  const rows = policies.map((one) => rowOf(one, blocks));
  const ofKey = (key: string): LiveRow | undefined => rows[policies.findIndex((one) => one.key === key)];
  const total = (read: (one: LiveFound) => number): number => found.reduce((sum, one) => sum + read(one), 0);
  const latePacedSteps =
    total(({ lateSteps }) => lateSteps) /
    Math.max(
      1,
      total(({ pacedSteps }) => pacedSteps),
    );
  const draftLateMsP95 = Math.max(...found.map((one) => one.draftLateMsP95));
  const felt = ofKey('Felt');
  const idleMs = Math.max(
    0,
    total(({ edgeMs, busyMs }) => edgeMs - busyMs),
  );
  const joules = (busyWatts * total(({ busyMs }) => busyMs) + idleWatts * idleMs) / 1000;
  const summary = {
    runs: found.length,
    texts: total(({ texts }) => texts),
    identical: total(({ identical }) => identical),
    failed: total(({ failed }) => failed),
    handovers: total(({ handovers }) => handovers),
    ...ratios(found.flatMap(roundsOf)),
    ...Object.fromEntries(
      found.map((one, run) => [
        `tokensPerSecondRun${run + 1}`,
        ratios(roundsOf(one))['tokensPerSecondFeltOverMaxSinr'] ?? null,
      ]),
    ),
    ...Object.fromEntries(policies.map(({ key }) => [`msPerToken${key}`, ofKey(key)?.msPerToken ?? null])),
    msPerTokenFeltOverLeast:
      felt === undefined ? null : felt.msPerToken / Math.min(...rows.map(({ msPerToken }) => msPerToken)),
    predictionErrorMedian: felt?.predictionError ?? null,
    paceErrorMedian: felt?.paceError ?? null,
    stallOverLimitP95Felt: felt?.stallOverLimitP95 ?? null,
    stallOverLimitP95: gapP95(blocks, true),
    gapOverLimitP95: gapP95(blocks, false),
    joulesPerToken:
      profile === defaultEdgeProfile.name
        ? joules /
          Math.max(
            1,
            total(({ tokens }) => tokens),
          )
        : null,
    busyShare: total(({ busyMs }) => busyMs) / total(({ edgeMs }) => edgeMs),
    draftLateMsP95,
    latePacedSteps,
    isVoid: latePacedSteps > mostLateShare || draftLateMsP95 > mostLateDraftMs,
  };
  const remarks = summary.isVoid
    ? ['The emulated hardware was late: this run is void. Run it on an idle machine.']
    : [];
  return { rows, summary, remarks, passed: summary.texts === summary.identical && summary.failed === 0 };
}

/** With one profile for all edges, links are fast and edges alike, so nothing is to be won. */
function goals(params: object): Goals {
  const isWorld = 'profile' in params && params.profile === scenarioHardware;
  return {
    failed: 0,
    predictionErrorMedian: 0.15,
    stallOverLimitP95Felt: 1,
    ...(isWorld
      ? {
          tokensPerSecondFeltOverMaxSinr: { atLeast: 1.15 },
          msPerTokenP95FeltOverMaxSinr: 1,
          firstTokenFeltOverMaxSinr: 1,
        }
      : { msPerTokenFeltOverLeast: 1.03 }),
  };
}
