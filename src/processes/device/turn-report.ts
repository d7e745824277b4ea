// The report of a turn: text, token times, use of drafts, network traffic.

import { median } from '../../core/basics/statistics.ts';
import type { TokenLogprobs } from '../../core/decoding/logprobs.ts';
import { noTraffic, type Traffic } from '../../core/protocol/device/device-connections.ts';
import type { DeviceState, Outcome } from '../../core/protocol/device/device-state.ts';
import type { DraftPlan } from '../../core/protocol/device/drafting-advice.ts';
import type { ModeName } from '../../core/protocol/wire/mode.ts';
import type { ModeChange } from './auto-mode.ts';

/** Tokens that became final together. */
export interface Emission {
  readonly tokens: readonly number[];
  /** Readable text that they add; the texts of all emissions together are the answer. */
  readonly text: string;
  /** For each token: the readable text that it adds, and whether it was a draft of this device. */
  readonly pieces: readonly { readonly text: string; readonly drafted: boolean }[];
  /** For each token, where the turn asks for them. */
  readonly logprobs?: readonly TokenLogprobs[] | undefined;
  readonly atMs: number;
}

export interface TurnTimes {
  readonly startMs: number;
  readonly commits: { readonly atMs: number; readonly tokenCount: number; readonly acceptedCount: number }[];
  readonly draftMs: number[];
  readonly servedBy: { readonly edge: string; readonly atMs: number; readonly reason: string | undefined }[];
}

/** Measurements of a turn on the device; undefined if there was nothing to measure. */
export interface TurnReport {
  readonly outcome: Outcome;
  /** Decoding mode, with `auto` that of the last tokens; `local`: the device decoded alone. */
  readonly mode: ModeName | 'local';
  /** Mode `auto`: the reason for this mode; undefined: the caller named the mode. */
  readonly modeReason: string | undefined;
  /** Mode `auto`: all modes of the answer in their order, with reasons; otherwise empty. */
  readonly modeChanges: readonly ModeChange[];
  /** The controller's last plan; undefined: there was none. */
  readonly plan: DraftPlan | undefined;
  /** How often drafting was switched off because it saved no time. */
  readonly draftingPauses: number;
  readonly text: string;
  /** Committed ids of the answer, with the end token. */
  readonly tokens: readonly number[];
  /** Those of each token of the prompt but the first, where the turn asks for them; fewer if the turn has failed. */
  readonly promptLogprobs: readonly TokenLogprobs[] | undefined;
  /**
   * Tokens of the prompt that its first edge did not have to evaluate, because it had their keys and values; undefined: it has not said so, as
   * an edge of an older version.
   */
  readonly heldTokens: number | undefined;
  /** From the start of the turn to the first commit, with prefill. */
  readonly timeToFirstTokenMs: number | undefined;
  /** (time of the last commit - of the first) / (tokens - tokens of the first commit); undefined for a single commit. */
  readonly msPerToken: number | undefined;
  /** matches / (matches + first mismatches); undefined without comparisons. */
  readonly acceptance: number | undefined;
  readonly draftedTokens: number;
  readonly sentDrafts: number;
  /** Tokens of the answer that were drafts of this device. */
  readonly acceptedTokens: number;
  /** Largest number of drafts that one commit accepted. */
  readonly longestAccepted: number;
  /** Number of attaches; more than one: the turn was resumed. */
  readonly connections: number;
  /**
   * The edges that wrote it, by name, in order, when each took it over, ms from the start of the turn, and with a controller why. Several:
   * the answer was handed over.
   */
  readonly servedBy: readonly {
    readonly edge: string;
    readonly fromMs: number;
    readonly reason?: string | undefined;
  }[];
  /** Median of the device's draft times. */
  readonly draftMs: number | undefined;
  readonly roundTripMs: number | undefined;
  /** Application bytes in both directions per token of the answer, without `hello`, `open` and `resume`. */
  readonly payloadBytesPerToken: number | undefined;
  readonly traffic: Traffic;
  /** Fingerprints of the edges that wrote tokens of it. With several, no single target wrote this text: they may differ at near-ties. */
  readonly fingerprints: readonly string[];
}

export function reportTurn(
  state: DeviceState,
  outcome: Outcome,
  text: string,
  times: TurnTimes,
  traffic: Traffic,
  roundTripMs: number | undefined,
): Omit<TurnReport, 'modeReason' | 'modeChanges' | 'plan' | 'draftingPauses' | 'promptLogprobs'> {
  const tokens = state.text.slice(state.turn.prompt.length);
  const { matched, mismatched, drafted, sent } = state.account;
  const payloadBytes = traffic.sentBytes + traffic.receivedBytes - traffic.helloBytes - traffic.attachBytes;
  return {
    outcome,
    mode: state.turn.mode,
    text,
    tokens,
    heldTokens: state.heldTokens ?? undefined,
    ...tokenTimesOf(times),
    acceptance: matched + mismatched === 0 ? undefined : matched / (matched + mismatched),
    draftedTokens: drafted,
    sentDrafts: sent,
    connections: state.edges.reduce((sum, edge) => sum + edge.attempt, 0),
    servedBy: times.servedBy.map(({ edge, atMs, reason }) => ({ edge, fromMs: atMs - times.startMs, reason })),
    roundTripMs,
    payloadBytesPerToken: tokens.length === 0 ? undefined : payloadBytes / tokens.length,
    traffic,
    fingerprints: state.fingerprints,
  };
}

/** For a turn without an edge: no verification, no network traffic. */
export function localReport(
  written: Pick<TurnReport, 'outcome' | 'text' | 'tokens'> & { readonly times: TurnTimes },
): TurnReport {
  const { times, ...known } = written;
  return {
    ...known,
    mode: 'local',
    modeReason: undefined,
    modeChanges: [],
    plan: undefined,
    draftingPauses: 0,
    promptLogprobs: undefined,
    heldTokens: undefined,
    ...tokenTimesOf(times),
    acceptance: undefined,
    draftedTokens: known.tokens.length,
    sentDrafts: 0,
    connections: 0,
    servedBy: [],
    roundTripMs: undefined,
    payloadBytesPerToken: 0,
    traffic: noTraffic,
    fingerprints: [],
  };
}

function tokenTimesOf({ startMs, commits, draftMs }: TurnTimes) {
  const [first, last] = [commits[0], commits.at(-1)];
  const laterCount = commits.reduce((sum, commit) => sum + commit.tokenCount, -(first?.tokenCount ?? 0));
  const hasSeveral = first !== undefined && last !== undefined && laterCount > 0;
  return {
    timeToFirstTokenMs: first === undefined ? undefined : first.atMs - startMs,
    msPerToken: hasSeveral ? (last.atMs - first.atMs) / laterCount : undefined,
    acceptedTokens: commits.reduce((sum, commit) => sum + commit.acceptedCount, 0),
    longestAccepted: Math.max(0, ...commits.map((commit) => commit.acceptedCount)),
    draftMs: draftMs.length === 0 ? undefined : median(draftMs),
  };
}
