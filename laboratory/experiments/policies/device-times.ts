// The times per token of each device in a run: the time in which it had a task, and the tokens that it received. Time counts from the slot
// in which a task arrives, served or not, to the last token of its answer, or to the end of the run. So a device that is never served has
// time and no tokens.

import type { SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import type { SessionRecord } from '../../../simulator/simulation/token-device.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';

/**
 * An answer that ended: the mean predicted ms per token of the slots that it lasted, weighted as tokens come; and the time from the request
 * to the last token, over its tokens.
 */
export type FeltSession = Readonly<Record<'predictedMs' | 'feltMs', number>>;

export interface DeviceTimes {
  /** Before a slot is played. @param expected predicted tokens of each entry of the slot's state */
  addSlot(outcome: SlotOutcome, expected: Float64Array): void;
  addFirstToken(device: number, nowMs: number): void;
  addSession(record: SessionRecord): void;
  /** @param deviceTokens of the whole run; [M] */
  end(deviceTokens: readonly number[]): DeviceFigures;
}

type TimeFigure = 'tokensPerSecond' | 'msPerToken' | 'msPerTokenP95' | 'predictedMsPerToken';

/**
 * Times per token are those of devices that had a task: time over tokens, or, without a token, over one; the predicted one is over the
 * slots in which a device had a task. `firstTokenMs`: median over answers, ended or not, from the task to the first token; an answer without
 * one counts with its time so far; null without an answer. `tokenlessDevices` had a task and received no token.
 */
export interface DeviceFigures extends Readonly<Record<TimeFigure | 'tokenlessDevices', number>> {
  readonly firstTokenMs: number | null;
  readonly sessions: readonly FeltSession[];
}

interface Device {
  /** When its present task arrived; NaN: it has none. */
  sinceMs: number;
  wantedMs: number;
  finishedTokens: number;
  /** Slots in which it had a task, and the tokens that were predicted for them. */
  taskSlots: number;
  predictedTokens: number;
}

/** @param thinkMs from an answer's end to the next task, where each device always has one @param always each device always has one */
export function createDeviceTimes(deviceCount: number, slotMs: number, always: boolean, thinkMs: number): DeviceTimes {
  const devices = Array.from({ length: deviceCount }, (): Device => {
    return { sinceMs: Number.NaN, wantedMs: 0, finishedTokens: 0, taskSlots: 0, predictedTokens: 0 };
  });
  /** Predicted tokens of each slot, by device. */
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
      for (const [entry, tokens] of expected.entries()) {
        const index = world.devices[entry] as number;
        const device = devices[index] as Device;
        inSlot[index] = tokens;
        device.taskSlots += 1;
        device.predictedTokens += tokens;
        if (Number.isNaN(device.sinceMs)) device.sinceMs = state.slot * slotMs;
      }
      predictions.push(inSlot);
    },
    addFirstToken(device, nowMs) {
      firstTokens.push(nowMs - (devices[device] as Device).sinceMs);
    },
    addSession({ device: index, startMs, endMs, answerTokens }) {
      const device = devices[index] as Device;
      device.wantedMs = device.wantedMs + endMs - device.sinceMs;
      device.finishedTokens += answerTokens;
      device.sinceMs = always ? endMs + thinkMs : Number.NaN;
      if (endMs === startMs || answerTokens === 0) return;
      sessions.push({ predictedMs: predictedBetween(index, startMs, endMs), feltMs: (endMs - startMs) / answerTokens });
    },
    end(deviceTokens) {
      const runMs = predictions.length * slotMs;
      for (const [index, device] of devices.entries()) {
        const leftMs = runMs - device.sinceMs;
        if (!(leftMs > 0)) continue;
        device.wantedMs += leftMs;
        if ((deviceTokens[index] as number) <= device.finishedTokens) firstTokens.push(leftMs);
      }
      const wanting = devices.flatMap(({ wantedMs }, index) => {
        return wantedMs === 0 ? [] : [{ wantedMs, tokens: deviceTokens[index] as number }];
      });
      const times = wanting.map(({ wantedMs, tokens }) => wantedMs / Math.max(1, tokens));
      const predicted = devices
        .filter(({ taskSlots }) => taskSlots > 0)
        .map(({ taskSlots, predictedTokens }) => (taskSlots * slotMs) / Math.max(1, predictedTokens));
      return {
        tokensPerSecond: (1e3 * deviceTokens.reduce((sum, one) => sum + one, 0)) / runMs,
        msPerToken: mean(times),
        msPerTokenP95: quantile(times, 0.95),
        predictedMsPerToken: mean(predicted),
        firstTokenMs: firstTokens.length === 0 ? null : quantile(firstTokens, 0.5),
        tokenlessDevices: wanting.filter(({ tokens }) => tokens === 0).length,
        sessions,
      };
    },
  };
}
