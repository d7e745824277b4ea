// Token times of hardware: a draft on a device, and a step on a server. It does not know sessions or policies.

import type { Scenario } from '../scenario/scenario.ts';
import { decodingFlopPerByte, findModelShape, flopPerToken } from '../world/workload-models.ts';
import type { WorldParts } from './build-world.ts';

/** A step of n rows takes fixedMs + n * perRowMs. */
export interface StepLaw {
  readonly fixedMs: number;
  readonly perRowMs: number;
}

/** Each step reads all weights once; each row takes one token's arithmetic. Attention over the context is left out. [E] */
export function stepLaws({ workload, token }: Scenario, parts: WorldParts): StepLaw[] {
  const target = findModelShape(workload.target);
  const flop = flopPerToken(target, 0);
  const weightBytes = flop / decodingFlopPerByte(target);
  return parts.serverHardware.map(({ memoryBytePerSecond }, server) => ({
    fixedMs: (1e3 * weightBytes) / (token.serverMemoryShare * memoryBytePerSecond.value),
    perRowMs: (1e3 * flop) / (parts.serverFlopPerSecond[server] as number),
  }));
}

/** Time of one draft; [M]. */
export function draftTimesMs({ workload }: Scenario, parts: WorldParts): Float64Array {
  const flop = flopPerToken(findModelShape(workload.draft), 0);
  return parts.deviceFlopPerSecond.map((flopPerSecond) => (1e3 * flop) / flopPerSecond);
}
