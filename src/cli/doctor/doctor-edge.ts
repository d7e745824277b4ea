// Asks a real edge for two short answers, one with drafts and one without.

import { OutriderError } from '../../core/basics/errors.ts';
import { type ModeName, modeOf } from '../../core/protocol/wire/mode.ts';
import { ModelDrafter } from '../../models/port/drafter.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
import { probeEdge, probeTimeoutMs } from '../../processes/device/probe-edge.ts';
import { startTurn } from '../../processes/device/turn.ts';
import type { EdgeAddress } from '../device/open-device.ts';

/** What it took; times in ms. */
export interface EdgeTrial {
  readonly said: string;
  readonly figures: Readonly<Record<string, number>>;
}

/** @param draft null: the edge is only greeted. @throws OutriderError */
export async function tryEdge(
  { edge, edgeFingerprint: fingerprint }: EdgeAddress,
  key: string | undefined,
  draft: LanguageModel | null,
): Promise<EdgeTrial> {
  const { hello, roundTripMs } = await probeEdge(connectWebSocket(edge, { fingerprint, timeoutMs: probeTimeoutMs }));
  const greeting = `${hello.model}, ${roundTripMs.toFixed(1)} ms away`;
  if (draft === null) return { said: greeting, figures: { edgeRoundTripMs: roundTripMs } };
  if (draft.tokenizer.hash !== hello.tokenizerHash) {
    const cause = `${greeting}, has another tokenizer than the draft`;
    throw new OutriderError('tokenizer-mismatch', cause, 'use a draft made for that model (--draft)');
  }
  await using drafter = new ModelDrafter(draft);
  const ask = async (mode: ModeName): Promise<number> => {
    const turn = startTurn({
      connect: connectWebSocket(edge, { fingerprint }),
      tokenizer: draft.tokenizer,
      drafter: modeOf(mode).deviceDrafts ? drafter : null,
      mode,
      prompt: draft.tokenizer.encodeChat([{ role: 'user', content: 'Why is the sky blue?' }]),
      maxAnswerTokens: 32,
      giveUpAfterMs: 5000,
      ...(key === undefined ? {} : { credentials: key }),
    });
    for await (const _ of turn) void 0;
    return (await turn.report).msPerToken ?? Number.NaN;
  };
  const [ar, stream] = [await ask('ar'), await ask('stream')];
  return {
    said: `${greeting}; a token takes ${ar.toFixed(1)} ms from the edge alone, ${stream.toFixed(1)} ms with drafts (both measured)`,
    figures: { edgeRoundTripMs: roundTripMs, edgeArMsPerToken: ar, edgeStreamMsPerToken: stream },
  };
}
