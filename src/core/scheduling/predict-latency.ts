// Predicts the time per token of an edge that drafts itself, from a few measured figures. Steps and drafts take constant times; drafts are
// accepted independently. Source: Leviathan et al. 2023 (arXiv 2211.17192), equation 1.

import type { TimingFigures } from './latency-model.ts';

/** Mode edge-sd at its best number of drafts. */
export function edgeSdBestMs(figures: TimingFigures): number {
  const { maxDrafts = 24 } = figures;
  return Math.min(...Array.from({ length: maxDrafts }, (_, index) => edgeSdMsPerToken(figures, index + 1)));
}

/** Tokens of a window of `gamma` drafts, the bonus token included: (1 - a^(gamma + 1)) / (1 - a). */
export function windowTokens(acceptance: number, gamma: number): number {
  return acceptance === 1 ? gamma + 1 : (1 - acceptance ** (gamma + 1)) / (1 - acceptance);
}

/**
 * A window of `gamma` drafts and its verification. If the edge drafts during steps as well, a step that accepts its whole window and whose
 * own token was drafted right (chance a^(gamma + 1)) is followed by steps with the drafts made during the one before, until one of them is
 * rejected.
 */
export function edgeSdMsPerToken(figures: TimingFigures, gamma: number): number {
  const { acceptance, edgeDraftMs, edgeDraftsOverlap = false, stepMs } = figures;
  const windowMs = gamma * edgeDraftMs + stepMs(gamma + 1);
  const tokens = windowTokens(acceptance, gamma);
  if (!edgeDraftsOverlap) return windowMs / tokens;
  const continues = acceptance ** (gamma + 1);
  const rates = stepsWithReadyDrafts(figures).map(({ ms, drafted, ends }) => {
    // At an acceptance of 1 there is no end; any large number of steps gives the same rate.
    const steps = continues / Math.max(1e-6, ends);
    return (windowMs + steps * ms) / (tokens + steps * drafted);
  });
  return Math.min(windowMs / tokens, ...rates);
}

/**
 * Steps that take the drafts made during a step, or fewer, without the one for that step's own token: their time, their tokens, and the
 * chance that no such step follows. The most that are made need not be a whole number: the drafter continues over the end of a step.
 */
function stepsWithReadyDrafts({ acceptance, edgeDraftMs, stepMs, maxDrafts = 24 }: TimingFigures) {
  const stepOf = (drafts: number) => ({
    ms: stepMs(drafts + 1),
    drafted: windowTokens(acceptance, drafts),
    ends: 1 - acceptance ** (drafts + 1),
  });
  const steps = [];
  for (let drafts = 1; drafts <= maxDrafts; drafts += 1) {
    const made = stepMs(drafts + 1) / edgeDraftMs - 1;
    if (made >= drafts) {
      steps.push(stepOf(drafts));
      continue;
    }
    // Some steps have one draft less than this, some as many.
    const less = stepOf(drafts - 1);
    const more = stepOf(drafts);
    const part = Math.max(0, made - (drafts - 1));
    const between = (key: keyof typeof less): number => less[key] + part * (more[key] - less[key]);
    steps.push({ ms: between('ms'), drafted: between('drafted'), ends: between('ends') });
    break;
  }
  return steps;
}
