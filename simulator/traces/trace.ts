// An acceptance trace: the drafts of a model at every position of a text that a target writes alone. For a prompt, a sampling and a
// seed that text is fixed, so a trace replays any mode, network and allocation without a model. docs/research/traces.md.

import { confidenceOfUnits } from '../../src/core/decoding/confidence.ts';
import type { RunnerUp } from '../../src/core/decoding/runner-up.ts';
import type { Sampling } from '../../src/core/decoding/sampling.ts';

export interface TraceModel {
  readonly name: string;
  /** Hex; equal fingerprints mean equal texts. */
  readonly fingerprint: string;
}

/** The fields that all sessions of a trace share. */
export interface TraceHeader {
  readonly target: TraceModel;
  readonly draft: TraceModel;
  /** 64 hex digits; equal hashes mean equal ids. */
  readonly tokenizerHash: string;
  /** The target's; all ids are below it. */
  readonly vocabularySize: number;
  /** Ids that end a text, ascending. */
  readonly endIds: readonly number[];
  readonly sampling: Sampling;
  /** Length of an answer that did not end before. */
  readonly answerTokens: number;
  /** Limit of tokens in a wrong chain, its first included. */
  readonly wrongDepth: number;
  /** Whether each draft comes with the draft model's second choice; not in files of version 1. */
  readonly hasRunnerUps: boolean;
  /** The origin of the prompts. */
  readonly source: string;
  /** The licences of prompts and models, which also apply to these ids. */
  readonly licence: string;
}

/** The second choices beside a list of drafts, by the same index. */
export interface RunnerUps {
  readonly tokens: Uint32Array;
  /** Their confidence (decoding/runner-up.ts) in units; 0, or beyond the end: there is none. */
  readonly units: Uint16Array;
}

/** One prompt and its answer. Positions count from the answer's first token. */
export interface TraceSession {
  /** "spec-bench/81" */
  readonly id: string;
  /** "writing" */
  readonly task: string;
  readonly prompt: readonly number[];
  /** Ends with an end id, or has all `answerTokens`. */
  readonly answer: readonly number[];
  /** For each position: the draft's confidence in units if its token is the target's own; else 0. */
  readonly rightUnits: Uint16Array;
  /** End of each position's wrong chain in the next two arrays; it starts at the end of the one before. */
  readonly chainEnds: Uint32Array;
  readonly chainTokens: Uint32Array;
  readonly chainUnits: Uint16Array;
  /** By position, beside right drafts; without meaning where the draft is wrong. */
  readonly rightRunnerUps: RunnerUps;
  /** Beside `chainTokens`. */
  readonly chainRunnerUps: RunnerUps;
}

/** Recorded answers of one target, with what one draft said at every position. */
export interface Trace {
  readonly header: TraceHeader;
  readonly sessions: readonly TraceSession[];
}

export interface TraceDraft {
  readonly token: number;
  /** (0, 1] */
  readonly confidence: number;
  /** Absent where only one token could be chosen, and in traces without runners-up. */
  readonly runnerUp?: RunnerUp;
}

export function isRightAt(session: TraceSession, position: number): boolean {
  return (session.rightUnits[position] as number) > 0;
}

/** The second choice of the draft at `position` of the true text; null: none, or not recorded. */
export function runnerUpAt(session: TraceSession, position: number): RunnerUp | null {
  if (isRightAt(session, position)) return entryOf(session.rightRunnerUps, position);
  const [start, end] = chainRange(session, position);
  return start === end ? null : entryOf(session.chainRunnerUps, start);
}

/**
 * The draft at `position`.
 * @param leftAt the position of the first wrong draft, all before it being right; null: there is none
 * @returns null: no draft, or the end of the text or of the wrong chain. Beyond the recorded depth of a wrong chain its last draft
 * is repeated: no draft there can ever be accepted.
 */
export function traceDraft(
  session: TraceSession,
  wrongDepth: number,
  position: number,
  leftAt: number | null,
): TraceDraft | null {
  const { answer, rightUnits } = session;
  if (leftAt !== null) return chainDraft(session, wrongDepth, leftAt, position - leftAt);
  if (position >= answer.length) return null;
  const units = rightUnits[position] as number;
  if (units > 0) return draftOf(answer[position] as number, units, entryOf(session.rightRunnerUps, position));
  return chainDraft(session, wrongDepth, position, 0);
}

function chainDraft(session: TraceSession, wrongDepth: number, leftAt: number, depth: number): TraceDraft | null {
  const { chainTokens, chainUnits, chainRunnerUps } = session;
  const [start, end] = chainRange(session, leftAt);
  const length = end - start;
  if (length === 0 || (depth >= length && length < wrongDepth)) return null;
  const index = start + Math.min(depth, length - 1);
  return draftOf(chainTokens[index] as number, chainUnits[index] as number, entryOf(chainRunnerUps, index));
}

function chainRange({ chainEnds }: TraceSession, position: number): readonly [start: number, end: number] {
  return [position === 0 ? 0 : (chainEnds[position - 1] as number), chainEnds[position] as number];
}

function entryOf({ tokens, units }: RunnerUps, index: number): RunnerUp | null {
  const own = units[index] ?? 0;
  return own === 0 ? null : { token: tokens[index] as number, confidence: confidenceOfUnits(own) };
}

function draftOf(token: number, units: number, runnerUp: RunnerUp | null): TraceDraft {
  const draft = { token, confidence: confidenceOfUnits(units) };
  return runnerUp === null ? draft : { ...draft, runnerUp };
}

/** A token and its confidence in units. */
export interface TokenUnits {
  readonly token: number;
  readonly units: number;
}

/** The draft at one position of a chain. */
export interface RecordedDraft extends TokenUnits {
  readonly runnerUp?: TokenUnits | null;
}

/** Shared by all lists without any, since a replay reads it for each draft. */
const noRunnerUps: RunnerUps = { tokens: new Uint32Array(0), units: new Uint16Array(0) };

class RunnerUpsBuilder {
  readonly #tokens: number[] = [];
  readonly #units: number[] = [];

  add(runnerUp: TokenUnits | null | undefined): void {
    this.#tokens.push(runnerUp?.token ?? 0);
    this.#units.push(runnerUp?.units ?? 0);
  }

  build(): RunnerUps {
    if (this.#units.every((units) => units === 0)) return noRunnerUps;
    return { tokens: Uint32Array.from(this.#tokens), units: Uint16Array.from(this.#units) };
  }
}

/** A session under construction: positions are added in order. */
export class TraceSessionBuilder {
  readonly #rightUnits: number[] = [];
  readonly #chainEnds: number[] = [];
  readonly #chain: RecordedDraft[] = [];
  readonly #rightRunnerUps = new RunnerUpsBuilder();

  /** @param units confidence of the draft, which is the target's own token; 1 or more */
  addRight(units: number, runnerUp: TokenUnits | null = null): void {
    this.#rightUnits.push(units);
    this.#rightRunnerUps.add(runnerUp);
    this.#chainEnds.push(this.#chain.length);
  }

  /** Empty: the model had no draft. */
  addWrong(chain: readonly RecordedDraft[]): void {
    this.#chain.push(...chain);
    this.#rightUnits.push(0);
    this.#rightRunnerUps.add(null);
    this.#chainEnds.push(this.#chain.length);
  }

  build(text: Pick<TraceSession, 'id' | 'task' | 'prompt' | 'answer'>): TraceSession {
    const chainRunnerUps = new RunnerUpsBuilder();
    for (const { runnerUp } of this.#chain) chainRunnerUps.add(runnerUp);
    return {
      ...text,
      rightUnits: Uint16Array.from(this.#rightUnits),
      chainEnds: Uint32Array.from(this.#chainEnds),
      chainTokens: Uint32Array.from(this.#chain, ({ token }) => token),
      chainUnits: Uint16Array.from(this.#chain, ({ units }) => units),
      rightRunnerUps: this.#rightRunnerUps.build(),
      chainRunnerUps: chainRunnerUps.build(),
    };
  }
}
