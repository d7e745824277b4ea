// What each device feels in a run: the time in which it wanted tokens, and those that came. Time counts from the slot in which a task is there,
// served or not, to the last token of its answer, or to the end of the run. So a device that is left waiting has time and no tokens.

import type { SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import type { SessionRecord } from '../../../simulator/simulation/token-device.ts';
import { quantile } from '../../../src/core/basics/statistics.ts';

/** Of one answer that ended. */
export interface FeltSession {
  /** Mean predicted ms per token of the slots that it lasted, weighted as tokens come. */
  readonly predictedMs: number;
  /** From the request to the last token, over its tokens. */
  readonly feltMs: number;
}

export interface DeviceTimes {
  /** Before a slot is played. @param expected predicted tokens of each entry of the slot's state */
  addSlot(outcome: SlotOutcome, expected: Float64Array): void;
  addSession(record: SessionRecord): void;
  /** @param deviceTokens of the whole run; [M] */
  end(deviceTokens: readonly number[]): DeviceFigures;
}

export interface DeviceFigures {
  readonly tokensPerSecond: number;
  /** Over devices that wanted tokens: time over tokens, or, without a token, over one. */
  readonly msPerToken: number;
  readonly msPerTokenP95: number;
  /**
   * What was predicted of `msPerToken`, over the slots in which a device had a task: their time over the tokens that were predicted
   * for them, or, without a token, over one.
   */
  readonly predictedMsPerToken: number;
  /** Median over answers, from the task to the first token; an answer without one counts with its time so far. */
  readonly firstTokenMs: number;
  /** Devices that wanted tokens and got none. */
  readonly tokenlessDevices: number;
  readonly sessions: readonly FeltSession[];
}

/** @param thinkMs from an answer's end to the next task, where each device always has one @param always each device always has one */
export function createDeviceTimes(deviceCount: number, slotMs: number, always: boolean, thinkMs: number): DeviceTimes {
  /** Since when a device wants tokens; NaN: it does not. */
  const since = new Float64Array(deviceCount).fill(Number.NaN);
  const wantedMs = new Float64Array(deviceCount);
  const finishedTokens = new Float64Array(deviceCount);
  const predictions: Float64Array[] = [];
  const firstTokens: number[] = [];
  const sessions: FeltSession[] = [];

  /** Predicted time per token between two moments: time over the tokens that it predicts. */
  function predictedBetween(device: number, startMs: number, endMs: number): number {
    let tokens = 0;
    for (let slot = Math.floor(startMs / slotMs); slot * slotMs < endMs && slot < predictions.length; slot++) {
      const overlap = Math.min(endMs, (slot + 1) * slotMs) - Math.max(startMs, slot * slotMs);
      tokens += (overlap / slotMs) * (predictions[slot]?.[device] as number);
    }
    return (endMs - startMs) / Math.max(1, tokens);
  }

  return {
    addSlot({ state, world }, expected) {
      const inSlot = new Float64Array(deviceCount).fill(Number.NaN);
      for (let entry = 0; entry < state.deviceCount; entry++) {
        const device = world.devices[entry] as number;
        inSlot[device] = expected[entry] as number;
        if (Number.isNaN(since[device])) since[device] = state.slot * slotMs;
      }
      predictions.push(inSlot);
    },
    addSession({ device, startMs, firstTokenMs, endMs, answerTokens }) {
      const from = since[device] as number;
      wantedMs[device] = (wantedMs[device] as number) + endMs - from;
      finishedTokens[device] = (finishedTokens[device] as number) + answerTokens;
      firstTokens.push(firstTokenMs - from);
      since[device] = always ? endMs + thinkMs : Number.NaN;
      if (endMs > startMs && answerTokens > 0) {
        const feltMs = (endMs - startMs) / answerTokens;
        sessions.push({ predictedMs: predictedBetween(device, startMs, endMs), feltMs });
      }
    },
    end(deviceTokens) {
      const runMs = predictions.length * slotMs;
      const times: number[] = [];
      let tokenlessDevices = 0;
      for (let device = 0; device < deviceCount; device++) {
        const leftMs = runMs - (since[device] as number);
        const tokens = deviceTokens[device] as number;
        if (leftMs > 0) {
          wantedMs[device] = (wantedMs[device] as number) + leftMs;
          if (tokens - (finishedTokens[device] as number) <= 0) firstTokens.push(leftMs);
        }
        if ((wantedMs[device] as number) === 0) continue;
        times.push((wantedMs[device] as number) / Math.max(1, tokens));
        if (tokens === 0) tokenlessDevices++;
      }
      return {
        tokensPerSecond: (1e3 * deviceTokens.reduce((sum, one) => sum + one, 0)) / runMs,
        msPerToken: times.reduce((sum, one) => sum + one, 0) / times.length,
        msPerTokenP95: quantile(times, 0.95),
        predictedMsPerToken: predictedMsPerToken(predictions, slotMs),
        firstTokenMs: quantile(firstTokens, 0.5),
        tokenlessDevices,
        sessions,
      };
    },
  };
}

/** Mean over devices that had a task. @param predictions tokens of each slot, by device; NaN without a task */
function predictedMsPerToken(predictions: readonly Float64Array[], slotMs: number): number {
  const times: number[] = [];
  for (let device = 0; device < (predictions[0]?.length ?? 0); device++) {
    const own = predictions.map((inSlot) => inSlot[device] as number).filter(Number.isFinite);
    const tokens = own.reduce((sum, one) => sum + one, 0);
    if (own.length > 0) times.push((own.length * slotMs) / Math.max(1, tokens));
  }
  return times.reduce((sum, one) => sum + one, 0) / times.length;
}
