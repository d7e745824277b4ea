// The same load on the wall clock: an edge process with a toy target, paced to a profile, and devices in this process over emulated links.
// Beside it virtual time plays the same texts with the same drafts, round trips and step law.

import type { Run } from '../../../simulator/runner/experiment.ts';
import { percent } from '../../../simulator/runner/markdown.ts';
import { type TokenSource, traceSourceOf } from '../../../simulator/simulation/token-source.ts';
import type { TraceSession } from '../../../simulator/traces/trace.ts';
import { TraceRecorder } from '../../../simulator/traces/trace-recorder.ts';
import type { TraceReplay } from '../../../simulator/virtual-time/trace-replay.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import { preciseSleep } from '../../../src/models/engines/precise-sleep.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import { paceModel } from '../../../src/models/port/paced.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { createEmulatedLink } from '../../../src/network/transport/emulated-link.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { AutoMode } from '../../../src/processes/device/auto-mode.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import { startProbedEdge } from '../../measuring/probe.ts';
import { sameText } from '../../readers/toy-reader.ts';
import { planAnswers } from './answer-plan.ts';
import { aloneMs } from './hardware.ts';
import { type MachineMode, machineModes, runSteady } from './steady-edge.ts';

/** `stream-target`: `stream`, and each device asks for a time per token. */
export type WallMode = MachineMode | 'stream-target';
export const wallModes: readonly WallMode[] = [...machineModes, 'stream-target'];

export interface WallSettings {
  readonly profile: string;
  readonly sessions: number;
  readonly roundTripsMs: readonly number[];
  readonly draftMs: number;
  /** How often a draft of the toy is right. */
  readonly agreement: number;
  readonly texts: number;
  readonly answerTokens: number;
  /** Target of the sessions in `stream-target`, in steps of a session alone. */
  readonly targetSteps: number;
}

export interface WallRow {
  readonly what: 'wall';
  readonly mode: WallMode;
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
  /** Steps of the edge that lasted longer than in the profile, as a share of all. */
  readonly latePacedSteps: number;
  /** Runs that were thrown away because too many steps were late. */
  readonly voidRuns: number;
  /** False: so was the last one. */
  readonly isValid: boolean;
}

/** A run with a larger share of late steps is void. */
export const lateLimit = 0.01;
const mostTries = 3;
const toySeed = 1;
const maxAhead = 24;
const maxRows = 64;
/** Connecting over an emulated link: TCP, then the upgrade of HTTP. */
const connectRoundTrips = 2;
const leastTokens = 16;

interface Load extends WallSettings {
  readonly mode: MachineMode;
  /** ms; undefined: none. */
  readonly targetMsPerToken: number | undefined;
  readonly source: TokenSource;
}

/** @throws OutriderError when the edge does not start, or a turn fails */
export async function measureWallMode(mode: WallMode, settings: WallSettings, run: Run): Promise<WallRow> {
  const source = await toySource({ ...settings, seed: toySeed, maxAhead });
  const targetMs = settings.targetSteps * aloneMs(findProfile(settings.profile));
  const own =
    mode === 'stream-target'
      ? ({ mode: 'stream', targetMsPerToken: targetMs } as const)
      : { mode, targetMsPerToken: undefined };
  const load = { ...settings, ...own, source };
  const virtual = playVirtually(load);
  let found = await playOnce(load, run);
  let voidRuns = 0;
  while (found.latePacedSteps > lateLimit && voidRuns + 1 < mostTries) {
    voidRuns++;
    run.note(`${percent(found.latePacedSteps)} of the steps were late: this run is void, another one begins`);
    found = await playOnce(load, run);
  }
  const { msPerToken, identical, latePacedSteps } = found;
  const p95MsWall = quantile(msPerToken, 0.95);
  const p95MsVirtual = quantile(virtual, 0.95);
  return {
    what: 'wall',
    mode,
    profile: settings.profile,
    sessions: settings.sessions,
    answers: msPerToken.length,
    p95MsWall,
    p95MsVirtual,
    p95WallOverVirtual: p95MsWall / p95MsVirtual,
    meanMsWall: mean(msPerToken),
    meanMsVirtual: mean(virtual),
    identical,
    latePacedSteps,
    voidRuns,
    isValid: latePacedSteps <= lateLimit,
  };
}

function playVirtually(load: Load): readonly number[] {
  const { mode, profile, sessions, source, roundTripsMs, draftMs, targetMsPerToken } = load;
  const { stepMs: fixedMs, rowMs: perRowMs } = findProfile(profile);
  const same = { maxAhead, hedges: 0, leastTokens, maxRows, connectRoundTrips, seed: toySeed, timeJitter: 0 };
  const own = { sessions, source, roundTripsMs, draftMs, step: { fixedMs, perRowMs }, targetMsPerToken };
  return runSteady(mode, { ...same, ...own }).answers.map(({ msPerToken }) => msPerToken);
}

interface Played {
  readonly msPerToken: readonly number[];
  readonly identical: number;
  readonly latePacedSteps: number;
}

async function playOnce(load: Load, run: Run): Promise<Played> {
  const places = ['--sessions', String(2 * load.sessions), '--context', '256', '--look-up', '0'];
  const paced = ['--model', `toy:${toySeed}`, '--profile', load.profile, '--max-rows', String(maxRows)];
  const edge = await startProbedEdge([...paced, ...places], run.note);
  try {
    const answers = await playAnswers(load, edge.url, run);
    const pacing = await edge.ask('pacing');
    const steps = (pacing?.steps ?? 0) + (pacing?.prefillSteps ?? 0);
    const late = (pacing?.overranSteps ?? 0) + (pacing?.overranPrefillSteps ?? 0);
    run.signal.throwIfAborted();
    return { ...answers, latePacedSteps: late / Math.max(1, steps) };
  } finally {
    await edge.close();
  }
}

/** Devices in this process; each place of the edge is taken by one for each round trip, in turn. */
async function playAnswers(load: Load, edgeUrl: string, run: Run): Promise<Omit<Played, 'latePacedSteps'>> {
  const { mode, source, sessions: places, agreement, draftMs, roundTripsMs, texts, targetMsPerToken } = load;
  const planned = { places, leastTokens, roundTripCount: roundTripsMs.length, roundTripShift: toySeed };
  const plan = planAnswers(source, planned, toySeed);
  const pace = { name: 'device', description: 'a device', stepMs: draftMs, rowMs: 0, rowCap: 1, source: 'chosen' };
  let identical = 0;
  let ended = 0;
  const takePlace = async (): Promise<void> => {
    const toy = createToyModel({ seed: toySeed, role: 'draft', agreement, sequences: 1 });
    // Each device has hardware of its own.
    await using model = paceModel(toy, pace, { clock: machineClock, sleepUntil: preciseSleep(machineClock) });
    await using drafter = new ModelDrafter(model);
    const autos = roundTripsMs.map(() => new AutoMode());
    while (!plan.isOver && !run.signal.aborted) {
      const next = plan.next();
      const { prompt, answer } = (source.replays[next.text] as TraceReplay).session;
      const roundTripMs = roundTripsMs[next.roundTrip] as number;
      const { outcome, tokens, msPerToken } = await startTurn({
        connect: createEmulatedLink(connectWebSocket(edgeUrl), { ...idealLink, roundTripMs }).connect,
        tokenizer: model.tokenizer,
        drafter: mode === 'ar' ? null : drafter,
        ...(mode === 'auto' ? { auto: autos[next.roundTrip] as AutoMode } : { mode }),
        prompt,
        maxAnswerTokens: next.tokens,
        targetMsPerToken,
        maxAhead,
        hedges: 0,
        signal: run.signal,
      }).report;
      if (outcome.kind === 'failed') throw new OutriderError(outcome.code, outcome.cause, outcome.remedy);
      plan.ended(next, { msPerToken: msPerToken ?? Number.NaN, firstTokenMs: Number.NaN });
      if (!next.isCounted) continue;
      if (sameText(tokens, answer.slice(0, next.tokens))) identical++;
      run.onProgress(`wall clock, ${mode}`, ++ended, texts);
    }
  };
  await Promise.all(Array.from({ length: places }, takePlace));
  return { msPerToken: plan.answers.map(({ msPerToken }) => msPerToken), identical };
}

export interface ToySourceSettings extends Pick<WallSettings, 'agreement' | 'texts' | 'answerTokens'> {
  readonly seed: number;
  /** A device drafts no further ahead, so no longer wrong chain is needed. */
  readonly maxAhead: number;
}

/** Any word; the prompts differ in it. */
const firstPrompt = 1000;

export async function toySource(settings: ToySourceSettings): Promise<TokenSource> {
  const { seed, agreement, texts, answerTokens, maxAhead: wrongDepth } = settings;
  await using target = createToyModel({ seed, role: 'target' });
  await using draft = createToyModel({ seed, role: 'draft', agreement });
  await using recorder = new TraceRecorder(target, draft, { sampling: neutralSampling, answerTokens, wrongDepth });
  const sessions: TraceSession[] = [];
  for (let index = 0; index < texts; index++)
    sessions.push(await recorder.record({ id: `toy/${index}`, task: 'toy', ids: [firstPrompt + index] }));
  const header = { ...recorder.header, source: 'toy', licence: 'none needed' };
  return traceSourceOf({ header, sessions }, `toy, each draft right with chance ${agreement}`);
}
