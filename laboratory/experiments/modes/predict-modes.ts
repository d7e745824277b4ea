// Predicts the time per token of each mode from a few measured figures. Steps and drafts take constant times; drafts are accepted
// independently. Sources: Leviathan et al. 2023 (arXiv 2211.17192), equation 1, for windows; PEARL (Liu et al. 2024, arXiv 2408.11850) for
// pre- and post-verify; free-running speculation is played from correction to correction (predict-stream.ts).

import { invariant } from '../../../src/core/basics/invariant.ts';
import type { TimingFigures } from '../../../src/core/scheduling/latency-model.ts';
import { edgeSdMsPerToken, windowTokens } from '../../../src/core/scheduling/predict-latency.ts';
import { streamMsPerToken } from '../../../src/core/scheduling/predict-stream.ts';

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
    best('sd', counts, (gamma) => windowMsPerToken(figures, gamma)),
    best('edge-sd', counts, (gamma) => edgeSdMsPerToken(figures, gamma)),
  ].sort((left, right) => left.msPerToken - right.msPerToken);
}

/**
 * Lower bound of the time per token for any mode that verifies chains on this edge: drafts cost nothing and are always there, and every
 * step has the best number of rows. @param stepMs of steps of 1, 2, 3, ... rows
 */
export function chainBoundMs(stepMs: readonly number[], acceptance: number): number {
  return Math.min(...stepMs.map((ms, drafts) => ms / windowTokens(acceptance, drafts)));
}

/** Drafts a window, sends it, waits for the verification. */
function windowMsPerToken({ acceptance, draftMs, roundTripMs, stepMs }: TimingFigures, gamma: number): number {
  return (gamma * draftMs + roundTripMs + stepMs(gamma + 1)) / windowTokens(acceptance, gamma);
}

/**
 * The mean over a cycle that ends with the rejection in a window, in the edge's time. A cycle starts with pre-verify: the target continues
 * alone while the device drafts, so the first draft is compared (accepted with chance a) when both exist, and a token is committed in
 * either case. Then the window that holds it is verified: its first draft is known to be accepted. Each further window is drafted while the
 * one before is sent and verified (post-verify).
 *
 * A rejected first draft costs a round trip and a draft, and the rest of the draft that is in progress when the correction arrives, half a
 * draft in the mean. But the device sees the rejection in the committed token itself, and its next draft arrives about when the target has
 * the next token: so of first drafts that are rejected in a row, every second one costs a step only.
 */
function psdMsPerToken({ acceptance, draftMs, roundTripMs, stepMs }: TimingFigures, gamma: number): number {
  const aloneMs = stepMs(1);
  const restMs = draftMs / 2;
  const windowMs = stepMs(gamma);
  const draftedMs = roundTripMs + restMs + draftMs;
  const edgeWaits = draftedMs > aloneMs;
  const oddMs = Math.max(aloneMs, draftedMs);
  const evenMs = edgeWaits ? aloneMs + restMs : aloneMs;
  // A window leaves when it is complete and the device has the verdict on its first draft.
  const firstMs = Math.max(roundTripMs + aloneMs, roundTripMs + restMs + gamma * draftMs) + windowMs;
  const afterEvenMs = edgeWaits ? aloneMs + Math.max(roundTripMs, restMs + (gamma - 1) * draftMs) + windowMs : firstMs;
  const nextMs = Math.max(gamma * draftMs, roundTripMs + stepMs(gamma + 1));
  if (acceptance === 1) return nextMs / gamma;
  // With q = 1 - a: rejected first drafts at odd places q / (a (2 - a)), at even places q times as many; first windows after an even number
  // of them 1 / (2 - a), after an odd number q / (2 - a); windows after a fully accepted one a^(gamma - 1) / (1 - a^gamma); all tokens 1 /
  // a + 1 / q. All times a q, so that no chance is too small.
  const wrong = 1 - acceptance;
  const first = wrong * (oddMs + wrong * evenMs) + acceptance * (firstMs + wrong * afterEvenMs);
  const whole = acceptance ** gamma;
  return wrong * (first / (2 - acceptance) + (whole / (1 - whole)) * nextMs);
}
