// The server that holds each session's text, and the cost of moving it: the last server of a device holds its text until the
// session ends. A move costs an evaluation of the text or a transfer of its keys and values (HandoverSettings).

import type { Scenario } from '../scenario/scenario.ts';
import type { Workload } from '../world/workload.ts';
import { findModelShape, flopOfText, keyValueBits } from '../world/workload-models.ts';
import type { WorldParts } from './build-world.ts';

/** Changed in place; the fields of HandoverState for all devices. */
export interface TextPlaces {
  readonly textServer: Int32Array;
  readonly textFlop: Float64Array;
  readonly textFlopPerSecond: Float64Array;
  readonly transferMs: Float64Array;
  /** Records new texts and the present length of each. Call it after the slot's tasks were drawn. */
  draw(workload: Workload): void;
}

/** Undefined where a handover costs nothing. */
export function createTextPlaces(scenario: Scenario, parts: WorldParts): TextPlaces | undefined {
  const { handover } = scenario;
  if (handover.kind === 'none') return undefined;
  const deviceCount = parts.kinds.length;
  const target = findModelShape(scenario.workload.target);
  const textServer = new Int32Array(deviceCount).fill(-1);
  const textFlop = new Float64Array(deviceCount);
  const transferMs = new Float64Array(deviceCount);
  const reached = handover.kind === 'prefill' ? handover.reachedComputeShare : 1;
  return {
    textServer,
    textFlop,
    transferMs,
    textFlopPerSecond: Float64Array.from(parts.serverHardware, (one) => reached * one.peakFp16FlopPerSecond.value),
    draw({ isNew, contextTokens }) {
      for (let device = 0; device < deviceCount; device++) {
        if (isNew[device] === 1) textServer[device] = -1;
        const tokens = Math.min(target.contextLength, contextTokens[device] as number);
        if (handover.kind === 'prefill') textFlop[device] = flopOfText(target, tokens);
        else transferMs[device] = keyValueBits(target, tokens) / (1e3 * handover.backhaulMbps);
      }
    },
  };
}
