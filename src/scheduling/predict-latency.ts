// Predicts the time per token of each mode from a few measured figures; `doctor` reports it. Steps and drafts take constant times;
// drafts are accepted independently. Sources: Leviathan et al. 2023 (arXiv 2211.17192), equation 1, for windows; PEARL (Liu et al.
// 2024, arXiv 2408.11850) for pre- and post-verify; free-running speculation is simulated (predict-stream.ts).

import { invariant } from '../basics/invariant.ts';
import type { TimingFigures } from './latency-model.ts';
import { streamMsPerToken } from './predict-stream.ts';

/** The time per token in one mode. */
export interface TokenTimePrediction {
  readonly mode: 'ar' | 'sd' | 'psd' | 'stream' | 'edge-sd';
  readonly msPerToken: number;
  /** The best number of drafts: the draft length, in `stream` the drafts of a step; 0 in `ar`. */
  readonly drafts: number;
}

/** Every mode at its best number of drafts, the fastest first. */
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

/** Tokens of a window of `gamma` drafts, the bonus token included: (1 - a^(gamma + 1)) / (1 - a). */
export function windowTokens(acceptance: number, gamma: number): number {
  return acceptance === 1 ? gamma + 1 : (1 - acceptance ** (gamma + 1)) / (1 - acceptance);
}

/** Drafts a window, sends it, waits for the verification. */
function windowMsPerToken(
  { acceptance, stepMs }: TimingFigures,
  gamma: number,
  draftMs: number,
  roundTripMs: number,
): number {
  return (gamma * draftMs + roundTripMs + stepMs(gamma + 1)) / windowTokens(acceptance, gamma);
}

/**
 * The mean over a cycle from rejection to rejection, in the edge's time. A cycle starts with pre-verify: the target continues alone
 * while the device drafts, so the first draft is compared (accepted with chance a) when both exist, and a token is committed in
 * either case. Then the window drafted meanwhile is verified; its first draft is known to be accepted. Each further window is
 * drafted while the one before is sent and verified (post-verify).
 */
function psdMsPerToken({ acceptance, draftMs, roundTripMs, stepMs }: TimingFigures, gamma: number): number {
  const refutedMs = Math.max(stepMs(1), roundTripMs + draftMs);
  const firstMs = Math.max(stepMs(1), roundTripMs + gamma * draftMs) + stepMs(gamma);
  const nextMs = Math.max(gamma * draftMs, roundTripMs + stepMs(gamma + 1));
  if (acceptance === 1) return nextMs / gamma;
  // Rejected first drafts: 1 / a - 1; windows after a fully accepted one: a^(gamma - 1) / (1 - a^gamma); all tokens: 1 / a + 1 / (1
  // - a). All times a (1 - a), so that no chance is too small.
  const whole = acceptance ** gamma;
  const ms = (1 - acceptance) * refutedMs + acceptance * firstMs + (whole / (1 - whole)) * nextMs;
  return ms * (1 - acceptance);
}
