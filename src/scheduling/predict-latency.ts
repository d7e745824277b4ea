// What a token costs in each mode, predicted from a few measured numbers: what `doctor` reports. Steps and drafts always last the
// same, drafts hold independently of each other. Sources: Leviathan et al. 2023 (arXiv 2211.17192), equation 1, for windows; PEARL
// (Liu et al. 2024, arXiv 2408.11850) for pre- and post-verify; streaming is played through (predict-stream.ts).

import { invariant } from '../basics/invariant.ts';
import type { TimingFigures } from './latency-model.ts';
import { streamMsPerToken } from './predict-stream.ts';

/** What a token costs in one mode. */
export interface TokenTimePrediction {
  readonly mode: 'ar' | 'sd' | 'psd' | 'stream' | 'edge-sd';
  readonly msPerToken: number;
  /** The best number of drafts: of a window, and in `stream` of a step; 0 in `ar`. */
  readonly drafts: number;
}

/** Every mode at its best number of drafts, quickest first. */
export function predictTokenTimes(figures: TimingFigures): TokenTimePrediction[] {
  const { acceptance, draftMs, edgeDraftMs, roundTripMs, maxDrafts = 24 } = figures;
  invariant(acceptance >= 0 && acceptance <= 1, `an acceptance of ${acceptance}`);
  invariant(draftMs > 0 && edgeDraftMs > 0 && roundTripMs >= 0, 'times of drafts and of the network');
  const counts = Array.from({ length: maxDrafts }, (_, index) => index + 1);
  const best = (mode: TokenTimePrediction['mode'], from: readonly number[], cost: (drafts: number) => number) =>
    from
      .map((drafts) => ({ mode, msPerToken: cost(drafts), drafts }))
      .reduce((first, other) => (other.msPerToken < first.msPerToken ? other : first));
  return [
    best('ar', [0], () => figures.stepMs(1)),
    best('stream', [0, ...counts], (rowCap) => streamMsPerToken(figures, rowCap)),
    best('psd', counts, (gamma) => psdMsPerToken(figures, gamma)),
    best('sd', counts, (gamma) => windowMsPerToken(figures, gamma, draftMs, roundTripMs)),
    best('edge-sd', counts, (gamma) => windowMsPerToken(figures, gamma, edgeDraftMs, 0)),
  ].sort((left, right) => left.msPerToken - right.msPerToken);
}

/** Tokens that a window of `gamma` drafts yields, the target's own included: (1 - a^(gamma + 1)) / (1 - a). */
export function windowTokens(acceptance: number, gamma: number): number {
  return acceptance === 1 ? gamma + 1 : (1 - acceptance ** (gamma + 1)) / (1 - acceptance);
}

/** Draft a window, send it, wait for the verdict. */
function windowMsPerToken(
  { acceptance, stepMs }: TimingFigures,
  gamma: number,
  draftMs: number,
  roundTripMs: number,
): number {
  return (gamma * draftMs + roundTripMs + stepMs(gamma + 1)) / windowTokens(acceptance, gamma);
}

/**
 * The mean over a cycle from rejection to rejection, in the edge's time. It begins with pre-verify: the target goes on by itself
 * while the device drafts, so the first draft is judged (it holds with chance a) once both are there, a token either way. Then
 * the window that was drafted meanwhile is verified, of which one draft is known to hold; each further window is drafted while
 * the one before travels and is verified (post-verify).
 */
function psdMsPerToken({ acceptance, draftMs, roundTripMs, stepMs }: TimingFigures, gamma: number): number {
  const refutedMs = Math.max(stepMs(1), roundTripMs + draftMs);
  const firstMs = Math.max(stepMs(1), roundTripMs + gamma * draftMs) + stepMs(gamma);
  const nextMs = Math.max(gamma * draftMs, roundTripMs + stepMs(gamma + 1));
  if (acceptance === 1) return nextMs / gamma;
  // Refuted first drafts: 1 / a - 1; windows after one that held wholly: a^(gamma - 1) / (1 - a^gamma); tokens of all: 1 / a +
  // 1 / (1 - a). Everything times a (1 - a), so that no chance is too small.
  const whole = acceptance ** gamma;
  const ms = (1 - acceptance) * refutedMs + acceptance * firstMs + (whole / (1 - whole)) * nextMs;
  return ms * (1 - acceptance);
}
