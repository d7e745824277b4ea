// One text of "bench modes --clock wall", written by this device process and an edge process over an emulated network, and its figures as plain data.

import { acceptanceOf, edgeComparisons } from '../../../simulator/runner/session-metrics.ts';
import type { MinConfidence } from '../../../src/cli/options/look-up-place.ts';
import { bytesOnLink } from '../../../src/core/protocol/wire/link-model.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import { modeOf } from '../../../src/core/protocol/wire/mode.ts';
import { AdaptiveDrafter } from '../../../src/models/port/adaptive-drafter.ts';
import type { Drafter } from '../../../src/models/port/drafter.ts';
import type { Tokenizer } from '../../../src/models/port/model.ts';
import { createEmulatedLink } from '../../../src/network/transport/emulated-link.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import type { AutoMode } from '../../../src/processes/device/auto-mode.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import type { TurnReport } from '../../../src/processes/device/turn-report.ts';
import { sameText } from '../../readers/toy-reader.ts';
import { roomFor, runsBesideTarget, type Window } from './rivals.ts';
import type { PlannedRun, WallText } from './wall-runs.ts';

export interface WallPrompt {
  readonly name: string;
  readonly ids: readonly number[];
  /** 32 hex digits: the edge remembers the evaluated prompt from run to run. */
  readonly conversation: string;
  /** A drafter for each prompt, so that the draft remembers the prompt as well. */
  readonly drafter: Drafter;
}

export interface TextOptions extends Pick<PlannedRun, 'mode' | 'roundTripMs'>, Window {
  readonly edgeUrl: string;
  readonly tokenizer: Tokenizer;
  /** For mode auto: its measurements of earlier texts. */
  readonly auto?: AutoMode | undefined;
  readonly tokens: number;
  readonly maxAhead: number;
  readonly minChainConfidence: MinConfidence;
  /** The device looks tokens up in the text before it uses its draft model. */
  readonly looksUp: boolean;
}

export interface WrittenText {
  readonly report: TurnReport;
  readonly commitTokenCounts: readonly number[];
}

/** @throws OutriderError when the turn fails */
export async function writeText(prompt: WallPrompt, options: TextOptions): Promise<WrittenText> {
  const { mode, machine, auto, gamma, windowsInFlight, hedges = 0, tokens } = options;
  const roundTripMs = runsBesideTarget(mode) ? 0 : options.roundTripMs;
  const link = createEmulatedLink(connectWebSocket(options.edgeUrl), { ...idealLink, roundTripMs });
  // Its measurements from one text must not help it with the same text in the next run.
  const drafter = options.looksUp ? new AdaptiveDrafter(prompt.drafter) : prompt.drafter;
  const turn = startTurn({
    connect: link.connect,
    tokenizer: options.tokenizer,
    drafter: mode === 'auto' || modeOf(machine).deviceDrafts ? drafter : null,
    prompt: prompt.ids,
    ...(auto === undefined ? { mode: machine, windowsInFlight } : { auto }),
    maxAnswerTokens: tokens,
    maxAhead: roomFor({ machine, windowsInFlight, gamma }, options.maxAhead),
    minChainConfidence: options.minChainConfidence,
    hedges,
    conversation: prompt.conversation,
    ...(gamma === 0 ? {} : { draftLength: gamma }),
  });
  const commitTokenCounts: number[] = [];
  for await (const { tokens: committed } of turn) commitTokenCounts.push(committed.length);
  return { report: await turn.report, commitTokenCounts };
}

const noAccount = { steps: 0, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 } as const;

/** @param reference the text of the edge alone */
export function measureText(
  prompt: string,
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
    prompt,
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
