// The same load on the wall clock: an edge process with a toy target, paced to a profile, and devices in this process over emulated links. Beside it
// virtual time plays the same texts with the same drafts, round trips and step law.

import type { Run } from '../../../simulator/runner/experiment.ts';
import type { TokenSource } from '../../../simulator/simulation/token-source.ts';
import type { TraceReplay } from '../../../simulator/virtual-time/trace-replay.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import { preciseSleep } from '../../../src/models/engines/precise-sleep.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { paceModel } from '../../../src/models/port/paced.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { createEmulatedLink } from '../../../src/network/transport/emulated-link.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { AutoMode } from '../../../src/processes/device/auto-mode.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import type { TurnReport } from '../../../src/processes/device/turn-report.ts';
import { type ProbedEdge, startProbedEdge } from '../../measuring/probe.ts';
import { sameText } from '../../readers/toy-reader.ts';
import { AnswerPlan, type PlannedAnswer } from './answer-plan.ts';
import { type MachineMode, runSteady } from './steady-edge.ts';
import { toySource } from './toy-source.ts';

export interface WallSettings {
  readonly profile: string;
  readonly sessions: number;
  readonly roundTripsMs: readonly number[];
  readonly draftMs: number;
  /** How often a draft of the toy is right. */
  readonly agreement: number;
  readonly texts: number;
  readonly answerTokens: number;
}

export interface WallRow {
  readonly what: 'wall';
  readonly mode: MachineMode;
  readonly profile: string;
  readonly sessions: number;
  readonly answers: number;
  readonly p95MsWall: number;
  readonly p95MsVirtual: number;
  readonly p95WallOverVirtual: number;
  readonly meanMsWall: number;
  readonly meanMsVirtual: number;
  /** Texts that equal those that the toy writes alone. */
  readonly identical: number;
  /** Steps of the edge that lasted longer than the profile says, as a share of all. */
  readonly latePacedSteps: number;
  /** Runs that were thrown away because too many steps were late. */
  readonly voidRuns: number;
  /** False: so was the last one. */
  readonly isValid: boolean;
}

/** A run with a larger share of late steps is void. */
export const lateLimit = 0.01;
const mostTries = 3;
const [toySeed, maxAhead, maxRows] = [1, 24, 64];
/** Connecting over an emulated link: TCP, then the upgrade of HTTP. */
const connectRoundTrips = 2;
const leastTokens = 16;
/** Stream of createRandom. */
const planStream = 0x53800000;

/** @throws OutriderError when the edge does not start, or a turn fails */
export async function measureWallMode(mode: MachineMode, settings: WallSettings, run: Run): Promise<WallRow> {
  const source = toySource({ ...settings, seed: toySeed, maxAhead });
  const virtual = playVirtually(mode, settings, source);
  let found = await playOnce(mode, settings, source, run);
  let voidRuns = 0;
  while (found.latePacedSteps > lateLimit && voidRuns + 1 < mostTries) {
    voidRuns++;
    run.note(
      `${(100 * found.latePacedSteps).toFixed(1)} % of the steps were late: this run is void, another one begins`,
    );
    found = await playOnce(mode, settings, source, run);
  }
  const [p95MsWall, p95MsVirtual] = [quantile(found.msPerToken, 0.95), quantile(virtual, 0.95)];
  return {
    what: 'wall',
    mode,
    profile: settings.profile,
    sessions: settings.sessions,
    answers: found.msPerToken.length,
    p95MsWall,
    p95MsVirtual,
    p95WallOverVirtual: p95MsWall / p95MsVirtual,
    meanMsWall: mean(found.msPerToken),
    meanMsVirtual: mean(virtual),
    identical: found.identical,
    latePacedSteps: found.latePacedSteps,
    voidRuns,
    isValid: found.latePacedSteps <= lateLimit,
  };
}

function playVirtually(mode: MachineMode, settings: WallSettings, source: TokenSource): readonly number[] {
  const { profile, sessions, roundTripsMs, draftMs } = settings;
  const { stepMs: fixedMs, rowMs: perRowMs } = findProfile(profile);
  const same = { maxAhead, hedges: 0, leastTokens, maxRows, connectRoundTrips, seed: toySeed, timeJitter: 0 };
  return runSteady(mode, { ...same, sessions, source, roundTripsMs, draftMs, step: { fixedMs, perRowMs } }).msPerToken;
}

interface Played {
  readonly msPerToken: readonly number[];
  readonly identical: number;
  readonly latePacedSteps: number;
}

async function playOnce(mode: MachineMode, settings: WallSettings, source: TokenSource, run: Run): Promise<Played> {
  const { profile, sessions } = settings;
  const places = ['--sessions', String(2 * sessions), '--context', '256'];
  const paced = ['--model', `toy:${toySeed}`, '--profile', profile, '--max-rows', String(maxRows), '--look-up', '0'];
  const edge = await startProbedEdge([...paced, ...places], run.note);
  try {
    const load = new WallLoad(mode, settings, source, edge, run);
    await load.play();
    const pacing = await edge.ask('pacing');
    const steps = (pacing?.steps ?? 0) + (pacing?.prefillSteps ?? 0);
    const late = (pacing?.overranSteps ?? 0) + (pacing?.overranPrefillSteps ?? 0);
    run.signal.throwIfAborted();
    return { msPerToken: load.plan.msPerToken, identical: load.identical, latePacedSteps: late / Math.max(1, steps) };
  } finally {
    await edge.close();
  }
}

/** Devices in this process; each place of the edge is taken by one for each round trip, in turn. */
class WallLoad {
  readonly plan: AnswerPlan;
  identical = 0;
  readonly #mode: MachineMode;
  readonly #settings: WallSettings;
  readonly #source: TokenSource;
  readonly #edge: ProbedEdge;
  readonly #run: Run;
  #ended = 0;

  constructor(mode: MachineMode, settings: WallSettings, source: TokenSource, edge: ProbedEdge, run: Run) {
    this.#mode = mode;
    this.#settings = settings;
    this.#source = source;
    this.#edge = edge;
    this.#run = run;
    const lengths = source.replays.map(({ session }) => session.answer.length);
    const { sessions: places, roundTripsMs } = settings;
    const planned = { lengths, places, leastTokens, roundTripCount: roundTripsMs.length, roundTripShift: toySeed };
    this.plan = new AnswerPlan(planned, createRandom(toySeed, planStream));
  }

  async play(): Promise<void> {
    const { sessions, agreement, draftMs } = this.#settings;
    const pace = { name: 'device', description: 'a device', stepMs: draftMs, rowMs: 0, rowCap: 1, source: 'chosen' };
    const places = Array.from({ length: sessions }, async () => {
      const toy = createToyModel({ seed: toySeed, role: 'draft', agreement, sequences: 1 });
      // Each device has hardware of its own.
      await using model = paceModel(toy, pace, { clock: machineClock, sleepUntil: preciseSleep(machineClock) });
      await using drafter = new ModelDrafter(model);
      const autos = this.#settings.roundTripsMs.map(() => new AutoMode());
      while (!this.plan.isOver && !this.#run.signal.aborted) {
        const planned = this.plan.next();
        this.#take(planned, await this.#write(planned, drafter, model, autos[planned.roundTrip] as AutoMode));
      }
    });
    await Promise.all(places);
  }

  async #write(
    planned: PlannedAnswer,
    drafter: ModelDrafter,
    model: LanguageModel,
    auto: AutoMode,
  ): Promise<TurnReport> {
    const { roundTripsMs } = this.#settings;
    const { prompt } = this.#textOf(planned);
    const roundTripMs = roundTripsMs[planned.roundTrip] as number;
    return await startTurn({
      connect: createEmulatedLink(connectWebSocket(this.#edge.url), { ...idealLink, roundTripMs }).connect,
      tokenizer: model.tokenizer,
      drafter: this.#mode === 'ar' ? null : drafter,
      ...(this.#mode === 'auto' ? { auto } : { mode: this.#mode }),
      prompt,
      maxAnswerTokens: planned.tokens,
      maxAhead,
      hedges: 0,
      signal: this.#run.signal,
    }).report;
  }

  #take(planned: PlannedAnswer, { outcome, tokens, msPerToken }: TurnReport): void {
    if (outcome.kind === 'failed') throw new OutriderError(outcome.code, outcome.cause, outcome.remedy);
    const answer = this.#textOf(planned).answer.slice(0, planned.tokens);
    if (planned.isCounted && sameText(tokens, answer)) this.identical++;
    this.plan.ended(planned, msPerToken ?? Number.NaN);
    if (planned.isCounted) this.#run.onProgress(`wall clock, ${this.#mode}`, ++this.#ended, this.#settings.texts);
  }

  #textOf({ text }: PlannedAnswer) {
    return (this.#source.replays[text] as TraceReplay).session;
  }
}
