// One cell of `outrider bench auto`: each fixed mode, and mode auto in the first answer of a device and in a later one, with the same seeds.

import { findTrace } from '../../../simulator/files/shipped-traces.ts';
import { countSession, tpotMs } from '../../../simulator/runner/session-metrics.ts';
import { runSession, runSourceSession, type SessionResult } from '../../../simulator/virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../../simulator/virtual-time/trace-replay.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { DraftingAdvice } from '../../../src/core/protocol/device/drafting-advice.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import { AutoMode, type TurnAdvice } from '../../../src/processes/device/auto-mode.ts';
import { quickest } from '../best-draft-length.ts';
import { runLoad } from '../modes/loaded-edge.ts';
import { draftMs, edgeDraftMs } from '../modes/virtual-cell.ts';
import type { AutoCell } from './cells.ts';

export interface AutoSettings {
  readonly firstSeed: number;
  readonly seedCount: number;
  /** Of an answer; a trace may have fewer. */
  readonly tokens: number;
}

/** An answer, or all answers of an edge with many sessions. */
interface Answer {
  readonly msPerToken: number;
  /** Drafts of the device. */
  readonly draftsPerToken: number;
}

/** What was measured in a cell: a list has one entry for each seed. */
export interface AutoFound {
  readonly cell: AutoCell;
  readonly fixed: readonly {
    readonly mode: ModeName;
    /** Of the edge's own drafts, in mode edge-sd: the quickest one. */
    readonly gamma: number | null;
    readonly answers: readonly Answer[];
  }[];
  /** Nothing was measured before. */
  readonly first: readonly Answer[];
  /** After {@link earlierAnswers} others. */
  readonly later: readonly Answer[];
  /** Of the later answers: how often drafting was switched in one, on average, and the mode at the end of most. */
  readonly switches: number;
  readonly lastMode: ModeName;
}

/** Answers of other texts, before the one that counts as later. */
export const earlierAnswers = 3;
/** Seeds of those texts come after all seeds that count. */
const earlierSeeds = 100_000;
export const maxAhead = 24;
const gammas = [1, 2, 3, 4, 6, 8, 11];
const searchSeeds = 3;
/** With many sessions every draft waits for those of all others. */
const loadedGammas = [1, 2, 4];
/** An edge with many sessions has many texts in one run. */
const loadedSeeds = 2;
const loadedTokens = 200;

export function seedsOf({ sessions }: Pick<AutoCell, 'sessions'>, { firstSeed, seedCount }: AutoSettings): number[] {
  const count = sessions > 1 ? Math.min(loadedSeeds, seedCount) : seedCount;
  return Array.from({ length: count }, (_, index) => firstSeed + index);
}

export function fixedModes({ hasEdgeDraft }: Pick<AutoCell, 'hasEdgeDraft'>): readonly ModeName[] {
  return hasEdgeDraft ? ['ar', 'stream', 'mix', 'edge-sd'] : ['ar', 'stream'];
}

export function measureAuto(cell: AutoCell, settings: AutoSettings): AutoFound {
  const seeds = seedsOf(cell, settings);
  const write = (mode: ModeName, seed: number, gamma: number, adviceOf?: (device: number) => DraftingAdvice): Answer =>
    writeAnswer(cell, settings, { mode, seed, gamma, ...(adviceOf === undefined ? {} : { adviceOf }) });
  const fixed = fixedModes(cell).map((mode) => {
    const some = seeds.slice(0, cell.sessions > 1 ? 1 : searchSeeds);
    const costOf = (gamma: number): number => mean(some.map((seed) => write(mode, seed, gamma).msPerToken));
    const gamma = mode === 'edge-sd' ? quickest(cell.sessions > 1 ? loadedGammas : gammas, costOf) : null;
    return { mode, gamma, answers: seeds.map((seed) => write(mode, seed, gamma ?? 1)) };
  });
  const first = seeds.map((seed) => {
    const device = new AutoDevices(cell.sessions);
    return write('mix', seed, 1, device.adviceOf);
  });
  const advised: TurnAdvice[] = [];
  const later = seeds.map((seed) => {
    const device = new AutoDevices(cell.sessions);
    for (let answer = 1; answer <= earlierAnswers; answer += 1)
      write('mix', seed + answer * earlierSeeds, 1, device.adviceOf);
    const written = write('mix', seed, 1, device.adviceOf);
    advised.push(...device.last);
    return written;
  });
  const counts = Map.groupBy(advised, ({ changes }) => changes.at(-1)?.mode ?? 'ar');
  const lastMode = [...counts].toSorted(([, one], [, other]) => other.length - one.length)[0]?.[0] ?? 'ar';
  const switches = mean(advised.map(({ changes }) => changes.length - 1));
  return { cell, fixed, first, later, switches, lastMode };
}

/** The memories of all devices of a cell, and the advice of their present answers. */
class AutoDevices {
  readonly #autos: readonly AutoMode[];
  readonly last: TurnAdvice[] = [];

  constructor(count: number) {
    this.#autos = Array.from({ length: count }, () => new AutoMode());
  }

  readonly adviceOf = (device: number): TurnAdvice => {
    const advice = (this.#autos[device] as AutoMode).follow({ canDraft: true });
    this.last[device] = advice;
    return advice;
  };
}

interface Asked {
  readonly mode: ModeName;
  readonly seed: number;
  readonly gamma: number;
  readonly adviceOf?: (device: number) => DraftingAdvice;
}

function writeAnswer(cell: AutoCell, settings: AutoSettings, asked: Asked): Answer {
  return cell.sessions > 1 ? writeLoaded(cell, settings, asked) : writeOne(cell, settings, asked);
}

function writeOne(cell: AutoCell, { tokens }: AutoSettings, { mode, seed, gamma, adviceOf }: Asked): Answer {
  const { trace, roundTripMs, step, hasEdgeDraft } = cell;
  const advice = adviceOf?.(0);
  const conditions = {
    mode,
    seed,
    roundTripMs,
    draftMs,
    step,
    limits: { maxRows: maxAhead + 1, usefulRows: maxAhead + 1 },
    edgeDraft: hasEdgeDraft ? { tokenCount: gamma, tokenMs: edgeDraftMs } : null,
    turn: { maxAhead },
    ...(advice === undefined ? {} : { advice }),
  } as const;
  const written =
    trace === null
      ? runSession({ ...conditions, ...draftsOf(cell, tokens), answerTokens: tokens })
      : replay(trace, seed, tokens, (source) => runSourceSession(conditions, source));
  const counts = countSession(written);
  return { msPerToken: tpotMs(counts), draftsPerToken: counts.drafted / counts.tokens };
}

function draftsOf({ acceptance, edgeAcceptance, laterAcceptance: later }: AutoCell, tokens: number) {
  return {
    acceptance: acceptance ?? 0,
    edgeAcceptance: edgeAcceptance ?? 0,
    ...(later === null ? {} : { laterAcceptance: { fromToken: Math.floor(tokens / 2), acceptance: later } }),
  };
}

const replays = new Map<string, readonly TraceReplay[]>();

/** Each seed has a session of its own, as long as there are enough. */
function replay(
  trace: string,
  seed: number,
  tokens: number,
  run: (source: ReturnType<typeof traceSource>) => SessionResult,
): SessionResult {
  let known = replays.get(trace);
  if (known === undefined) {
    const { header, sessions } = findTrace(trace);
    known = sessions.map((session) => new TraceReplay(header, session));
    replays.set(trace, known);
  }
  const [earlier, index] = [Math.floor(seed / earlierSeeds), seed % earlierSeeds];
  const session = known[(index * (1 + earlierAnswers) + earlier) % known.length] as TraceReplay;
  return run(traceSource(session, Math.min(tokens, session.header.answerTokens)));
}

function writeLoaded(cell: AutoCell, settings: AutoSettings, { mode, seed, gamma, adviceOf }: Asked): Answer {
  const { sessions: sessionCount, acceptance, roundTripMs, step, hasEdgeDraft } = cell;
  const { msPerToken, draftsPerToken } = runLoad({
    mode,
    sessionCount,
    acceptance: acceptance ?? 0,
    roundTripMs,
    step,
    draftMs,
    timeJitter: 0.2,
    tokens: Math.min(loadedTokens, settings.tokens),
    maxAhead,
    hedges: 0,
    seed,
    ...(hasEdgeDraft ? { edgeDraft: { tokenCount: gamma, tokenMs: edgeDraftMs } } : {}),
    ...(adviceOf === undefined ? {} : { adviceOf }),
  });
  return { msPerToken, draftsPerToken };
}
