// One run of "bench modes --clock wall": a text for each prompt, written by this device process and an edge process over an emulated
// network, with the pacing counters of the edge. It returns plain data.

import { acceptanceOf, edgeComparisons, type SessionCounts } from '../../../simulator/runner/session-metrics.ts';
import type { MinConfidence } from '../../../src/cli/options/look-up-place.ts';
import { bytesOnLink } from '../../../src/core/protocol/wire/link-model.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import { type ModeName, modeOf } from '../../../src/core/protocol/wire/mode.ts';
import { AdaptiveDrafter } from '../../../src/models/port/adaptive-drafter.ts';
import type { Drafter } from '../../../src/models/port/drafter.ts';
import type { Tokenizer } from '../../../src/models/port/model.ts';
import { createEmulatedLink } from '../../../src/network/transport/emulated-link.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import type { AutoMode } from '../../../src/processes/device/auto-mode.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import type { TurnReport } from '../../../src/processes/device/turn-report.ts';
import type { ProbedEdge } from '../../measuring/probe.ts';
import { sameText } from '../../readers/toy-reader.ts';
import { roomFor, runsBesideTarget, type Window } from './rivals.ts';
import type { PacedRun, PlannedRun } from './wall-plan.ts';

export interface WallPrompt {
  readonly name: string;
  readonly ids: readonly number[];
  /** 32 hex digits: the edge remembers the evaluated prompt from run to run. */
  readonly conversation: string;
  /** A drafter for each prompt, so that the draft remembers the prompt as well. */
  readonly drafter: Drafter;
}

/** One text. */
export interface WallText extends SessionCounts {
  readonly prompt: string;
  /** The text equals that of the edge alone, id for id. */
  readonly isIdentical: boolean;
  readonly timeToFirstTokenMs: number;
  /** Null: nothing was compared. */
  readonly acceptance: number | null;
}

export interface WallRun extends PacedRun {
  /** Draft length; 0: the mode has no window. */
  readonly gamma: number;
  readonly machine: ModeName;
  readonly windowsInFlight: number;
  readonly texts: readonly WallText[];
}

export interface TextOptions extends Pick<PlannedRun, 'mode' | 'roundTripMs'>, Window {
  /** For mode auto: its measurements of earlier texts. */
  readonly auto?: AutoMode;
  readonly tokens: number;
  readonly maxAhead: number;
  readonly minChainConfidence: MinConfidence;
  /** The device looks tokens up in the text before it uses its draft model. */
  readonly looksUp: boolean;
}

/** Texts of the edge alone, by prompt. */
export type References = ReadonlyMap<string, readonly number[]>;

/** @throws OutriderError when a turn fails */
export async function writeRun(
  edge: ProbedEdge,
  tokenizer: Tokenizer,
  prompts: readonly WallPrompt[],
  references: References,
  options: TextOptions & Pick<PlannedRun, 'repeat'>,
): Promise<WallRun> {
  const { mode, roundTripMs, machine, windowsInFlight, gamma, repeat } = options;
  // Only the reader is a round trip away.
  const readerMs = runsBesideTarget(mode) ? roundTripMs : 0;
  const before = await edge.ask('pacing');
  const texts: WallText[] = [];
  for (const prompt of prompts) {
    const written = await writeText(edge, tokenizer, prompt, options);
    const text = measureText(prompt, written, references.get(prompt.name), gamma);
    texts.push({ ...text, timeToFirstTokenMs: text.timeToFirstTokenMs + readerMs });
  }
  const after = await edge.ask('pacing');
  const pacedSteps = (after?.steps ?? 0) - (before?.steps ?? 0);
  const overranSteps = (after?.overranSteps ?? 0) - (before?.overranSteps ?? 0);
  return { mode, roundTripMs, repeat, machine, windowsInFlight, gamma, texts, pacedSteps, overranSteps };
}

export interface WrittenText {
  readonly report: TurnReport;
  readonly commitTokenCounts: readonly number[];
}

/** @throws OutriderError when the turn fails */
export async function writeText(
  edge: ProbedEdge,
  tokenizer: Tokenizer,
  prompt: WallPrompt,
  {
    mode,
    machine,
    auto,
    roundTripMs,
    gamma,
    windowsInFlight,
    hedges = 0,
    tokens,
    maxAhead,
    minChainConfidence,
    looksUp,
  }: TextOptions,
): Promise<WrittenText> {
  const link = createEmulatedLink(connectWebSocket(edge.url), {
    ...idealLink,
    roundTripMs: runsBesideTarget(mode) ? 0 : roundTripMs,
  });
  // Its measurements from one text must not help it with the same text in the next run.
  const drafter = looksUp ? new AdaptiveDrafter(prompt.drafter) : prompt.drafter;
  const turn = startTurn({
    connect: link.connect,
    tokenizer,
    drafter: mode === 'auto' || modeOf(machine).deviceDrafts ? drafter : null,
    prompt: prompt.ids,
    ...(auto === undefined ? { mode: machine, windowsInFlight } : { auto }),
    maxAnswerTokens: tokens,
    maxAhead: roomFor({ machine, windowsInFlight, gamma }, maxAhead),
    minChainConfidence,
    hedges,
    conversation: prompt.conversation,
    ...(gamma === 0 ? {} : { draftLength: gamma }),
  });
  const commitTokenCounts: number[] = [];
  for await (const { tokens: committed } of turn) commitTokenCounts.push(committed.length);
  return { report: await turn.report, commitTokenCounts };
}

const noAccount = { steps: 0, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 } as const;

function measureText(
  prompt: WallPrompt,
  { report, commitTokenCounts }: WrittenText,
  reference: readonly number[] | undefined,
  gamma: number,
): WallText {
  const { tokens, traffic, outcome } = report;
  const account = outcome.kind === 'ended' ? outcome.account : noAccount;
  const decodedTokens = tokens.length - (commitTokenCounts[0] ?? 0);
  const { sentBytes, receivedBytes, helloBytes, attachBytes, sentFrames, receivedFrames } = traffic;
  const payloadBytes = sentBytes + receivedBytes - helloBytes - attachBytes;
  // Headers of WebSocket, TCP and IPv4 for all frames except the opening and the greeting; each frame fits one segment.
  const headerBytes = (sentFrames - 1) * bytesOnLink('up', 0) + (receivedFrames - 1) * bytesOnLink('down', 0);
  const isEdgeAlone = account.edgeDraftRows > 0 && report.draftedTokens === 0;
  const ofEdge = acceptanceOf(edgeComparisons(commitTokenCounts, account.acceptedEdgeDraftRows, gamma));
  return {
    prompt: prompt.name,
    isIdentical: sameText(tokens, reference),
    timeToFirstTokenMs: report.timeToFirstTokenMs ?? 0,
    acceptance: isEdgeAlone ? ofEdge : (report.acceptance ?? null),
    tokens: tokens.length,
    decodeMs: (report.msPerToken ?? 0) * decodedTokens,
    decodedTokens,
    drafted: report.draftedTokens,
    edgeDrafted: account.edgeDraftRows,
    accepted: account.acceptedRows + account.acceptedEdgeDraftRows,
    steps: account.steps,
    rows: account.steps + account.draftRows + account.edgeDraftRows,
    payloadBytes,
    openingBytes: attachBytes,
    wireBytes: payloadBytes + headerBytes,
  };
}
