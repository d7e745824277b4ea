// What a run's decisions predict for each device: answers as a fluid. In each slot a device goes on at the pace that `predictPace` gives
// it there: first with its prompt, then with tokens. A prompt that is not done begins again on another server; a text moves without a pause,
// because the old server serves until the new one has it.

import type { PacePrediction } from '../../allocation/predict-pace.ts';
import type { SlotOutcome } from '../../simulation/run-slots.ts';

export interface PredictedAnswers {
  /** @param pace of the slot's decision */
  addSlot(outcome: SlotOutcome, pace: PacePrediction): void;
  /**
   * Mean over devices that had a task, ms: the time of their slots with one over the tokens predicted for them, or, without a token,
   * over one.
   */
  msPerToken(): number;
}

interface Progress {
  slots: number;
  tokens: number;
  /** The part of the present prompt that is done; 1: the answer has its first token. */
  promptDone: number;
  /** Tokens of the answer that are still to come. */
  tokensLeft: number;
  restMs: number;
  /** Of the slot before; -1: none. */
  server: number;
}

/** @param thinkMs from an answer's end to the next task, where each device always has one @param always each device always has one */
export function createPredictedAnswers(
  deviceCount: number,
  { slotMs, always, thinkMs }: { readonly slotMs: number; readonly always: boolean; readonly thinkMs: number },
): PredictedAnswers {
  const progress = Array.from(
    { length: deviceCount },
    (): Progress => ({ slots: 0, tokens: 0, promptDone: 0, tokensLeft: 0, restMs: 0, server: -1 }),
  );

  /** @param answerTokens of a whole answer */
  function advance(own: Progress, firstTokenMs: number, laterTokenMs: number, answerTokens: number): void {
    let leftMs = slotMs;
    while (leftMs > 0) {
      if (own.restMs > 0) {
        const restedMs = Math.min(leftMs, own.restMs);
        own.restMs -= restedMs;
        leftMs -= restedMs;
      } else if (own.promptDone < 1) {
        const neededMs = firstTokenMs * (1 - own.promptDone);
        if (neededMs > leftMs) {
          own.promptDone += leftMs / firstTokenMs;
          return;
        }
        leftMs -= neededMs;
        own.promptDone = 1;
        own.tokens += 1;
        // A task that comes and goes ends in the world, which the protocol's machines play; only then is there another one.
        own.tokensLeft = always ? answerTokens - 1 : Number.POSITIVE_INFINITY;
      } else {
        const tokens = Math.min(own.tokensLeft, leftMs / laterTokenMs);
        own.tokens += tokens;
        own.tokensLeft -= tokens;
        if (own.tokensLeft > 0) return;
        leftMs -= tokens * laterTokenMs;
        own.promptDone = 0;
        own.restMs = thinkMs;
      }
    }
  }

  return {
    addSlot({ state, world, assignment }, pace) {
      for (let entry = 0; entry < state.deviceCount; entry++) {
        const device = world.devices[entry] as number;
        const own = progress[device] as Progress;
        const server = assignment.server[entry] as number;
        const isNew = !always && world.workload.isNew[device] === 1;
        if (isNew || (own.promptDone < 1 && server !== own.server)) own.promptDone = 0;
        own.server = server;
        own.slots += 1;
        // No server, or a link that carries nothing: the prediction is the slot for each token.
        if ((pace.laterTokenMs[entry] as number) >= slotMs) continue;
        const answerTokens = state.pace?.answerTokens[entry] as number;
        advance(own, pace.firstTokenMs[entry] as number, pace.laterTokenMs[entry] as number, answerTokens);
      }
    },
    msPerToken() {
      const times = progress
        .filter(({ slots }) => slots > 0)
        .map(({ slots, tokens }) => (slots * slotMs) / Math.max(1, tokens));
      return times.reduce((sum, ms) => sum + ms, 0) / times.length;
    },
  };
}
