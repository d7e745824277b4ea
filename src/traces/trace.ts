// An acceptance trace: the drafts of a model at every position of a text that a target writes alone. For a prompt, a sampling and a
// seed that text is fixed, so a trace replays any mode, network and allocation without a model. docs/traces.md.

import { confidenceOfUnits } from '../decoding/confidence.ts';
import type { Sampling } from '../decoding/sampling.ts';

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
  /** The origin of the prompts. */
  readonly source: string;
  /** The licences of prompts and models, which also apply to these ids. */
  readonly licence: string;
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
}

export function isRightAt(session: TraceSession, position: number): boolean {
  return (session.rightUnits[position] as number) > 0;
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
  if (units > 0) return { token: answer[position] as number, confidence: confidenceOfUnits(units) };
  return chainDraft(session, wrongDepth, position, 0);
}

function chainDraft(session: TraceSession, wrongDepth: number, leftAt: number, depth: number): TraceDraft | null {
  const { chainEnds, chainTokens, chainUnits } = session;
  const start = leftAt === 0 ? 0 : (chainEnds[leftAt - 1] as number);
  const length = (chainEnds[leftAt] as number) - start;
  if (length === 0 || (depth >= length && length < wrongDepth)) return null;
  const index = start + Math.min(depth, length - 1);
  return { token: chainTokens[index] as number, confidence: confidenceOfUnits(chainUnits[index] as number) };
}

/** A session under construction: positions are added in order. */
export class TraceSessionBuilder {
  readonly #rightUnits: number[] = [];
  readonly #chainEnds: number[] = [];
  readonly #chainTokens: number[] = [];
  readonly #chainUnits: number[] = [];

  /** @param units confidence of the draft, which is the target's own token; 1 or more */
  addRight(units: number): void {
    this.#rightUnits.push(units);
    this.#chainEnds.push(this.#chainTokens.length);
  }

  /** Empty: the model had no draft. */
  addWrong(chain: readonly { readonly token: number; readonly units: number }[]): void {
    for (const { token, units } of chain) {
      this.#chainTokens.push(token);
      this.#chainUnits.push(units);
    }
    this.#rightUnits.push(0);
    this.#chainEnds.push(this.#chainTokens.length);
  }

  build(text: Pick<TraceSession, 'id' | 'task' | 'prompt' | 'answer'>): TraceSession {
    return {
      ...text,
      rightUnits: Uint16Array.from(this.#rightUnits),
      chainEnds: Uint32Array.from(this.#chainEnds),
      chainTokens: Uint32Array.from(this.#chainTokens),
      chainUnits: Uint16Array.from(this.#chainUnits),
    };
  }
}
