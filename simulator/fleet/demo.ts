// What `outrider live` starts, and how the texts of its devices are compared with the target's own.

import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ControllerEvent } from '../../src/allocation/controller/controller-events.ts';
import { CloseStack } from '../../src/core/basics/close-stack.ts';
import { quantile } from '../../src/core/basics/statistics.ts';
import { findPolicy } from '../../src/files/policy-file.ts';
import { openPolicyProcess } from '../../src/files/policy-process.ts';
import { openModel } from '../../src/models/engines/open-model.ts';
import { preciseSleep } from '../../src/models/engines/precise-sleep.ts';
import { AdaptiveDrafter } from '../../src/models/port/adaptive-drafter.ts';
import { type Drafter, ModelDrafter } from '../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { paceModel } from '../../src/models/port/paced.ts';
import { PrefixSequence } from '../../src/models/port/prefix-sequence.ts';
import { findProfile } from '../../src/models/port/profiles.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import { encodeTrialPrompts } from '../files/sample-prompts.ts';
import { findScenario } from '../files/scenario-file.ts';
import { findMapOf, radioMapPath } from '../files/shipped-maps.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { edgeIndex, type Fleet, type FleetPlan, startFleet } from './fleet.ts';
import { controlApart, controlByLease, controlHere, type FleetControl } from './fleet-control.ts';
import { drawQuestions, type Question } from './fleet-texts.ts';
import { createWalk, type ScenarioWalk } from './walk.ts';

export interface DemoSettings {
  readonly edges: number;
  readonly devices: number;
  readonly scenario: string;
  readonly seed: number;
  readonly policy: string;
  readonly objective: 'felt' | 'paper';
  readonly slotMs: number;
  /** All edges have this one; {@link scenarioHardware}: what the scenario has, in round trips, drafts and texts too. */
  readonly profile: string;
  readonly maxTokens: number;
  /** A pseudo-language in place of models. */
  readonly isToy: boolean;
  /** As of {@link ReaderPlan}. */
  readonly isAuto?: boolean;
  /** Whether the controller has a process of its own, and processes that end are started again; default false. */
  readonly isApart?: boolean;
  /** With `isApart`: two controllers that share a store on this machine. */
  readonly fleet?: 'local' | undefined;
  readonly target: string;
  readonly draft: string;
  readonly note: (line: string) => void;
  readonly onEvent?: (event: ControllerEvent) => void;
  /** As of {@link FleetPlan}. */
  readonly startEdge?: FleetPlan['startEdge'];
}

export interface Demo extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly control: FleetControl;
  /** Round trip of the network behind the radio, to an edge. */
  readonly roundTripMs: (edge: string) => number;
  /** How late drafts of toys are behind the times of their hardware, 95th percentile, ms: this machine is busy. */
  draftLateMsP95(): number;
  /** The target's own text after each prompt that was asked. */
  compare(): Promise<{ readonly texts: number; readonly identical: number; readonly failed: number }>;
}

/** In the place of a profile. */
export const scenarioHardware = 'scenario';
/** Names the target of a toy fleet. */
export const toySeed = 7;
const toyAgreement = 0.8;
const toyDraftProfile = 'reference-draft';
const promptCount = 6;
const thinkMs = 500;
const quiet = ['--log-level', 'error'];
/** For edges with the hardware of a scenario: a GPU has room for all devices, and for the drafts of many. */
const roomyFlags = ['--sessions', '128', '--max-rows', '256'];
/** Tokens of a prompt and its answer: the context of an edge, less what drafts take. */
const longestText = 2000;

export async function openDemo(settings: DemoSettings): Promise<Demo> {
  await using opened = new CloseStack();
  const named = await findScenario(settings.scenario, [`devices.count=${settings.devices}`]);
  // A device has its links in every slot, whatever it reads.
  const plain = { ...named, workload: { ...named.workload, arrivals: { kind: 'one-per-slot' as const } } };
  // Where the map has no ray, a device still has the path loss of a street without sight.
  const scenario =
    plain.channel.kind === 'map' ? { ...plain, channel: { ...plain.channel, floor: 'umi-nlos' as const } } : plain;
  const map = await findMapOf(scenario);
  const walk = createWalk(scenario, settings.edges, settings.seed, map);
  const emulated = settings.profile === scenarioHardware ? asInScenario(scenario, walk) : asProfile(scenario, settings);
  const models = settings.isToy ? toyModels(emulated) : await realModels(settings);
  opened.defer(() => models.close());
  const questions = settings.isToy
    ? emulated.questions(settings)
    : encodeTrialPrompts(models.target.tokenizer, promptCount, 'shortest').map(({ ids }) => ({
        prompt: [...ids],
        answerTokens: settings.maxTokens,
      }));
  const answerTokensOf = (question: number): number => (questions[question] as Question).answerTokens;
  const roundTripMs = (edge: string): number => emulated.roundTripMs(edgeIndex(edge));
  const mapPath = scenario.channel.kind === 'map' ? await radioMapPath(scenario.channel.map) : undefined;
  const control = opened.use(await (settings.isApart === true ? apart(settings, mapPath) : here(settings)));
  const fleet = await startFleet({
    ...settings,
    control,
    restarts: settings.isApart === true,
    // Connections that are replaced as devices move are no news here.
    edgeFlags: (edge) => [
      '--model',
      settings.isToy ? `toy:${toySeed}` : settings.target,
      ...emulated.edgeFlags(edge),
      ...quiet,
    ],
    tokenizer: models.target.tokenizer,
    drafterOf: models.drafterOf,
    prompts: questions.map(({ prompt }) => prompt),
    maxAnswerTokens: answerTokensOf,
    thinkMs,
    walk,
    roundTripMs,
  });
  opened.use(fleet);
  const kept = opened.move();
  return {
    fleet,
    control,
    roundTripMs,
    draftLateMsP95: models.draftLateMsP95,
    async compare() {
      const asked = [...new Set(fleet.answers.map(({ prompt }) => prompt))];
      const references = new Map<number, readonly number[]>();
      for (const prompt of asked)
        references.set(prompt, await writeAlone(models.target, questions[prompt] as Question));
      const ended = fleet.answers.filter(({ report }) => report.outcome.kind === 'ended');
      const identical = ended.filter(({ prompt, report }) =>
        isDeepStrictEqual([...report.tokens], references.get(prompt)),
      );
      return { texts: ended.length, identical: identical.length, failed: fleet.answers.length - ended.length };
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** @param map of the radio, whose streets the fleet page draws */
function apart(
  { policy, objective, slotMs, fleet, note }: DemoSettings,
  map: string | undefined,
): Promise<FleetControl> {
  const streets = map === undefined ? [] : ['--map', resolve(map)];
  const flags = ['--policy', policy, '--objective', objective, '--slot', `${slotMs}`, ...streets];
  return fleet === undefined ? controlApart(flags, note) : controlByLease(flags, note);
}

async function here({ policy, objective, slotMs }: DemoSettings): Promise<FleetControl> {
  await using opened = new CloseStack();
  const decider = opened.use(await openPolicyProcess(policy, { clock: machineClock }));
  const fallback = await findPolicy('greedy');
  const control = opened.use(await controlHere({ policy: decider, fallback, objective, slotMs }));
  const kept = opened.move();
  return { ...control, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}

/** What a fleet of toys does as other hardware, networks and people do. */
interface Emulated {
  edgeFlags(edge: number): readonly string[];
  draftProfile(device: number): string;
  /** How often a draft is right. */
  readonly agreement: number;
  roundTripMs(edge: number): number;
  questions(settings: DemoSettings): readonly Question[];
}

/** Edges and drafts of one profile each, and short texts. Where the scenario has a range of round trips, all links have its mean. */
function asProfile({ token: { roundTripMs: trip } }: Scenario, { profile }: DemoSettings): Emulated {
  const roundTripMs = typeof trip === 'number' ? trip : (trip.minimum + trip.maximum) / 2;
  return {
    edgeFlags: () => ['--profile', profile],
    draftProfile: () => toyDraftProfile,
    agreement: toyAgreement,
    roundTripMs: () => roundTripMs,
    questions: ({ maxTokens }) =>
      Array.from({ length: promptCount }, (_, index) => ({
        prompt: Array.from({ length: 40 }, (__, at) => 60 + ((7 * index + at) % 90)),
        answerTokens: maxTokens,
      })),
  };
}

function asInScenario(scenario: Scenario, walk: ScenarioWalk): Emulated {
  const times = (stepMs: number, rowMs: number): string => `${stepMs.toFixed(3)}+${rowMs.toFixed(3)}`;
  return {
    edgeFlags(edge) {
      const { fixedMs, perRowMs } = walk.stepLaw(edge);
      return ['--profile', times(fixedMs, perRowMs), ...roomyFlags];
    },
    draftProfile: (device) => times(walk.draftMs(device), 0),
    agreement: scenario.token.acceptance,
    roundTripMs: walk.roundTripMs,
    questions: ({ seed, maxTokens }) => drawQuestions(scenario, seed, { longestText, maxTokens }),
  };
}

interface Models {
  readonly target: LanguageModel;
  draftLateMsP95(): number;
  drafterOf(device: number): Drafter | null;
  close(): Promise<void>;
}

function toyModels({ agreement, draftProfile }: Emulated): Models {
  const lateMs: number[] = [];
  const sleep = preciseSleep(machineClock);
  const pace = {
    clock: machineClock,
    async sleepUntil(deadlineMs: number) {
      await sleep(deadlineMs);
      lateMs.push(machineClock.nowMs() - deadlineMs);
    },
  };
  const draft = (): LanguageModel => createToyModel({ seed: toySeed, role: 'draft', agreement });
  return {
    target: createToyModel({ seed: toySeed, role: 'target' }),
    draftLateMsP95: () => (lateMs.length === 0 ? 0 : quantile(lateMs, 0.95)),
    drafterOf: (device) => new ModelDrafter(paceModel(draft(), findProfile(draftProfile(device)), pace)),
    close: async () => {},
  };
}

async function realModels({ target, draft }: DemoSettings): Promise<Models> {
  await using opened = new CloseStack();
  const alone = await openModel(target, { role: 'target', sequences: 1, contextLength: 2048, exact: true, threads: 1 });
  opened.defer(() => alone.close());
  const drafts = await openModel(draft, { role: 'draft', sequences: 2, contextLength: 2048, exact: false, threads: 1 });
  opened.defer(() => drafts.close());
  // All devices of this machine share one draft model, which takes turns.
  const shared = new AdaptiveDrafter(new ModelDrafter(drafts));
  const owned = opened.move();
  return { target: alone, draftLateMsP95: () => 0, drafterOf: () => shared, close: () => owned[Symbol.asyncDispose]() };
}

/** The most likely token each time, as the target writes alone. */
async function writeAlone(model: LanguageModel, { prompt, answerTokens }: Question): Promise<number[]> {
  const sequence = new PrefixSequence(model);
  const answer: number[] = [];
  let next = prompt;
  while (answer.length < answerTokens) {
    const [row] = await sequence.append(next, 1);
    const id = row?.ids[0];
    if (id === undefined) break;
    answer.push(id);
    if (model.tokenizer.endIds.has(id)) break;
    next = [id];
  }
  await sequence.release();
  return answer;
}
