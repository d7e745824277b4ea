// One run of "bench modes --clock wall": a text written by this device process and an edge process over an emulated network, with what
// the edge's pacing was like meanwhile.

import { mean, median } from '../basics/statistics.ts';
import { startTurn } from '../device/turn.ts';
import type { TurnReport } from '../device/turn-report.ts';
import type { Drafter } from '../models/drafter.ts';
import type { Tokenizer } from '../models/model.ts';
import { bytesOnLink } from '../protocol/link-model.ts';
import { idealLink } from '../protocol/link-model-settings.ts';
import { type PacingName, pacingOf } from '../protocol/pacing.ts';
import { createEmulatedLink } from '../transport/emulated-link.ts';
import { connectWebSocket } from '../transport/websocket.ts';
import { acceptanceOf, type ModeRow, ownComparisons } from './bench-modes.ts';
import type { EdgeProcess } from './edge-process.ts';

export interface WallPrompt {
  readonly name: string;
  readonly ids: readonly number[];
  /** 32 hex digits: the edge remembers the evaluated prompt from run to run. */
  readonly conversation: string;
  /** Its own, so that the draft remembers the prompt as well. */
  readonly drafter: Drafter;
}

export interface WallRunOptions {
  readonly mode: PacingName;
  readonly roundTripMs: number;
  readonly prompt: WallPrompt;
  /** 0: the mode has no window. */
  readonly gamma: number;
  readonly tokens: number;
  readonly maxAhead: number;
  readonly minChainConfidence: number;
}

export interface WallRun {
  readonly report: TurnReport;
  /** Null: nothing was compared. */
  readonly acceptance: number | null;
  readonly gamma: number;
  /** Paced steps of the run, and those that lasted longer than the profile says. */
  readonly steps: number;
  readonly overranSteps: number;
}

/** @throws OutriderError when the turn fails */
export async function runOnWall(edge: EdgeProcess, tokenizer: Tokenizer, options: WallRunOptions): Promise<WallRun> {
  const { mode, roundTripMs, prompt, gamma, tokens, maxAhead, minChainConfidence } = options;
  const link = createEmulatedLink(connectWebSocket(edge.url), { ...idealLink, roundTripMs });
  const before = await edge.askPacing();
  const turn = startTurn({
    connect: link.connect,
    tokenizer,
    drafter: pacingOf(mode).deviceDrafts ? prompt.drafter : null,
    prompt: prompt.ids,
    pacing: mode,
    maxAnswerTokens: tokens,
    maxAhead: Math.max(maxAhead, 4 * gamma),
    minChainConfidence,
    conversation: prompt.conversation,
    ...(gamma === 0 ? {} : { windowSize: gamma }),
  });
  const commitTokenCounts: number[] = [];
  for await (const { tokens: committed } of turn) commitTokenCounts.push(committed.length);
  const report = await turn.report;
  const after = await edge.askPacing();
  return {
    report,
    gamma,
    acceptance: acceptanceIn(report, commitTokenCounts, gamma),
    steps: (after?.steps ?? 0) - (before?.steps ?? 0),
    overranSteps: (after?.overranSteps ?? 0) - (before?.overranSteps ?? 0),
  };
}

function acceptanceIn(report: TurnReport, commitTokenCounts: readonly number[], gamma: number): number | null {
  const { guessRows, acceptedGuessRows } = accountOf(report);
  if (guessRows === 0 || report.draftedTokens > 0) return report.acceptance ?? null;
  return acceptanceOf(ownComparisons(commitTokenCounts, acceptedGuessRows, gamma));
}

const noAccount = { steps: 0, draftRows: 0, acceptedRows: 0, guessRows: 0, acceptedGuessRows: 0 } as const;

function accountOf({ outcome }: TurnReport) {
  return outcome.kind === 'ended' ? outcome.account : noAccount;
}

type Measures = Pick<
  ModeRow,
  | 'timeToFirstTokenMs'
  | 'acceptance'
  | 'draftsPerToken'
  | 'acceptedPerStep'
  | 'rowsPerToken'
  | 'payloadBytesPerToken'
  | 'payloadBytesPerTokenWithOpening'
  | 'wireBytesPerToken'
>;

/** Of runs of one mode at one round trip. */
export function measuresOf(runs: readonly WallRun[]): Measures {
  const sum = (pick: (run: WallRun) => number): number => runs.reduce((total, run) => total + pick(run), 0);
  const tokens = sum(({ report }) => report.tokens.length);
  const steps = sum(({ report }) => accountOf(report).steps);
  const per = (value: number, count: number): number | null => (count === 0 ? null : value / count);
  const payload = sum(({ report: { traffic } }) => {
    return traffic.sentBytes + traffic.receivedBytes - traffic.helloBytes - traffic.attachBytes;
  });
  // Frames but the opening and the greeting; each is small enough for one segment.
  const headers = sum(({ report: { traffic } }) => {
    return (traffic.sentFrames - 1) * bytesOnLink('up', 0) + (traffic.receivedFrames - 1) * bytesOnLink('down', 0);
  });
  const acceptances = runs.map(({ acceptance }) => acceptance).filter((value) => value !== null);
  const guessRows = sum(({ report }) => accountOf(report).guessRows);
  const draftRows = sum(({ report }) => accountOf(report).draftRows) + guessRows;
  const accepted = sum(({ report }) => accountOf(report).acceptedRows + accountOf(report).acceptedGuessRows);
  return {
    timeToFirstTokenMs: runs.length === 0 ? null : median(runs.map(({ report }) => report.timeToFirstTokenMs ?? 0)),
    acceptance: acceptances.length === 0 ? null : mean(acceptances),
    draftsPerToken: per(sum(({ report }) => report.draftedTokens) + guessRows, tokens),
    acceptedPerStep: per(accepted, steps),
    rowsPerToken: per(steps + draftRows, tokens),
    payloadBytesPerToken: per(payload, tokens),
    payloadBytesPerTokenWithOpening: per(payload + sum(({ report }) => report.traffic.attachBytes), tokens),
    wireBytesPerToken: per(payload + headers, tokens),
  };
}
