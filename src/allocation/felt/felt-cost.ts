// What one device pays under the objective `felt`, for each token of its answers, as a function of its server's step time and of its
// upload. One session: n tokens of answer, P of prompt.

import type { SlotState } from '../slot/slot-state.ts';
import type { PaceClass } from './pace-class.ts';
import { type PaceModel, type StepClass, valueAt } from './pace-model.ts';

/** From a commit to the request that can use it half a step is left on average; then the step itself. */
const stepsToFirstToken = 1.5;
/**
 * The part of a frame's airtime by which a token comes later. A late frame costs nothing while the edge has other drafts, or none
 * in any case; a play of device and edge gives 0 to 0.4.
 */
const feltFrameShare = 0.2;

/** Time between two tokens of an answer at a node of the server's grid, ms, without airtime. */
export function decodeMs(step: StepClass, pace: PaceClass, node: number): number {
  const stepMs = step.stepMs[node] as number;
  return stepMs / pace.tokensAt(node);
}

/** Time to the first token at a node, ms, without airtime and the prompt. */
export function firstStepMs({ roundTripMs }: PaceClass, step: StepClass, node: number): number {
  return roundTripMs + stepsToFirstToken * (step.stepMs[node] as number);
}

/** Both, for each token of the answer. @param weight how many times a ms until the first token counts */
export function computeMs(
  { pace: { answerTokens } }: PaceModel,
  device: number,
  { step, pace, weight }: { readonly step: StepClass; readonly pace: PaceClass; readonly weight: number },
  node: number,
): number {
  const tokens = answerTokens[device] as number;
  const later = decodeMs(step, pace, node);
  return later + (weight * firstStepMs(pace, step, node) - later) / tokens;
}

/** A session's prompt on a server: see felt-problem.ts. */
export interface PromptCost {
  /** Time of the prompt, alone, for each token of the answer, ms. A text that another server holds is a prompt too. */
  readonly ms: number;
  /** g: the same with the weight of the first token, for which a prompt is waited. */
  readonly costMs: number;
  /** v: the chance that the session is at its prompt. */
  readonly part: number;
}

export function promptCost(model: PaceModel, device: number, server: number): PromptCost {
  const { promptTokens, answerTokens, isTypical } = model.pace;
  const step = model.stepClass[server] as StepClass;
  const answer = answerTokens[device] as number;
  const tokenMs = step.promptTokenMs / answer;
  const prompt = promptTokens[device] as number;
  const moved = model.movedTokens(device, server);
  const ms = tokenMs * (prompt + moved);
  const costMs = tokenMs * (model.firstTokenWeight * prompt + moved);
  if (ms === 0 || !isTypical) return { ms, costMs, part: ms > 0 ? 1 : 0 };
  const pace = model.classOf(device, server);
  const laterMs = valueAt(step.stepMs, step.typicalPlace) / pace.tokensNear(step.typicalPlace);
  return { ms, costMs, part: ms / (ms + laterMs) };
}

/** Bits whose airtime a token of the answer waits for: of its frames, and of the prompt. */
export function feltBits({ pace }: PaceModel, device: number): { readonly frame: number; readonly prompt: number } {
  return {
    frame: feltFrameShare * (pace.frameBits[device] as number),
    prompt: (pace.promptBits[device] as number) / (pace.answerTokens[device] as number),
  };
}

/** w E / B of a token: ms for each second of airtime, and for drafting. One draft a token. */
export function energyMs(
  state: SlotState,
  { pace }: PaceModel,
  device: number,
): { readonly perAirMs: number; readonly perBits: number; readonly draft: number } {
  const { energyWeight, computeEnergyPerFlop, transmitEnergyFactor } = state.objective;
  const msPerJ = energyWeight / (state.battery[device] as number);
  const perAirMs = msPerJ * transmitEnergyFactor * (state.transmitPowerW[device] as number) * 1e-3;
  const perBits =
    (pace.frameBits[device] as number) + (pace.promptBits[device] as number) / (pace.answerTokens[device] as number);
  return { perAirMs, perBits, draft: msPerJ * computeEnergyPerFlop * (pace.draftFlop[device] as number) };
}

/** Bits whose airtime costs a device, in time or, weighted, in energy, for each token. */
export function costlyBits(state: SlotState, model: PaceModel, device: number): number {
  const felt = feltBits(model, device);
  const energy = energyMs(state, model, device);
  return felt.frame + model.firstTokenWeight * felt.prompt + energy.perAirMs * energy.perBits;
}
