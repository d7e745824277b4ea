// What a turn was like: its text, its pace, what the drafts were worth and what went over the network.

import { median } from '../basics/statistics.ts';
import { noTraffic, type Traffic } from '../protocol/device-connections.ts';
import type { DeviceState, Outcome } from '../protocol/device-state.ts';
import type { ModeName } from '../protocol/mode.ts';

/** Tokens that have become final together. */
export interface Emission {
  readonly tokens: readonly number[];
  /** What they add to the readable text; all emissions together are the answer. */
  readonly text: string;
  /** One per token: the text that it makes certain, and whether it was a draft of this device. */
  readonly pieces: readonly { readonly text: string; readonly drafted: boolean }[];
  readonly atMs: number;
}

export interface TurnTimes {
  readonly startMs: number;
  readonly commits: { readonly atMs: number; readonly tokenCount: number; readonly acceptedCount: number }[];
  readonly draftMs: number[];
}

/** How a turn went, measured on the device; undefined where there was nothing to measure. */
export interface TurnReport {
  readonly outcome: Outcome;
  /** How device and edge took turns; `local`: the device wrote alone. */
  readonly mode: ModeName | 'local';
  /** Mode `auto`: why it took this one; undefined: it was asked for. */
  readonly modeReason: string | undefined;
  /** Mode `auto`: how often drafting was switched off because it did not pay. */
  readonly draftingPauses: number;
  readonly text: string;
  /** Committed ids of the answer, an end token included. */
  readonly tokens: readonly number[];
  /** From the start of the turn to the first commit; prefill included. */
  readonly timeToFirstTokenMs: number | undefined;
  /** (time of the last commit - of the first) / (tokens - tokens of the first commit); undefined for a single commit. */
  readonly msPerToken: number | undefined;
  /** matches / (matches + first mismatches); undefined without comparisons. */
  readonly acceptance: number | undefined;
  readonly draftedTokens: number;
  readonly sentDrafts: number;
  /** Tokens of the answer that were drafts of this device. */
  readonly acceptedTokens: number;
  /** Longest run of drafts that one commit confirmed. */
  readonly longestAccepted: number;
  /** Connections that the turn used; more than one: it was resumed. */
  readonly connections: number;
  /** Median of the device's own draft times. */
  readonly draftMs: number | undefined;
  readonly roundTripMs: number | undefined;
  /** Application bytes both ways after the greeting, openings left out, per token of the answer. */
  readonly payloadBytesPerToken: number | undefined;
  readonly traffic: Traffic;
  /** More than one: parts of the text come from edges whose arithmetic may differ at near-ties. */
  readonly fingerprints: readonly string[];
}

export function reportTurn(
  state: DeviceState,
  outcome: Outcome,
  text: string,
  times: TurnTimes,
  traffic: Traffic,
  roundTripMs: number | undefined,
): Omit<TurnReport, 'modeReason' | 'draftingPauses'> {
  const tokens = state.text.slice(state.turn.prompt.length);
  const { matched, mismatched, drafted, sent } = state.account;
  const payloadBytes = traffic.sentBytes + traffic.receivedBytes - traffic.helloBytes - traffic.attachBytes;
  return {
    outcome,
    mode: state.turn.mode,
    text,
    tokens,
    ...paceOf(times, tokens.length),
    acceptance: matched + mismatched === 0 ? undefined : matched / (matched + mismatched),
    draftedTokens: drafted,
    sentDrafts: sent,
    connections: state.edges.reduce((sum, edge) => sum + edge.attempt, 0),
    roundTripMs,
    payloadBytesPerToken: tokens.length === 0 ? undefined : payloadBytes / tokens.length,
    traffic,
    fingerprints: state.fingerprints,
  };
}

/** A turn without an edge: nothing was verified, nothing went over the network. */
export function localReport(
  written: Pick<TurnReport, 'outcome' | 'text' | 'tokens'> & { readonly times: TurnTimes },
): TurnReport {
  const { times, ...known } = written;
  return {
    ...known,
    mode: 'local',
    modeReason: undefined,
    draftingPauses: 0,
    ...paceOf(times, known.tokens.length),
    acceptance: undefined,
    draftedTokens: known.tokens.length,
    sentDrafts: 0,
    connections: 0,
    roundTripMs: undefined,
    payloadBytesPerToken: 0,
    traffic: noTraffic,
    fingerprints: [],
  };
}

function paceOf({ startMs, commits, draftMs }: TurnTimes, tokenCount: number) {
  const [first, last] = [commits[0], commits.at(-1)];
  const laterCount = tokenCount - (first?.tokenCount ?? 0);
  const isPace = first !== undefined && last !== undefined && laterCount > 0;
  return {
    timeToFirstTokenMs: first === undefined ? undefined : first.atMs - startMs,
    msPerToken: isPace ? (last.atMs - first.atMs) / laterCount : undefined,
    acceptedTokens: commits.reduce((sum, commit) => sum + commit.acceptedCount, 0),
    longestAccepted: Math.max(0, ...commits.map((commit) => commit.acceptedCount)),
    draftMs: draftMs.length === 0 ? undefined : median(draftMs),
  };
}
