// An example slot in the JSON form of `outrider allocate`, drawn at random by src/allocation/slot/synthetic-slot.ts.

import type { PaceState } from './pace-state.ts';
import { syntheticSlot } from './synthetic-slot.ts';

/** @returns JSON text, one line for each device and server */
export function exampleState(deviceCount: number, serverCount: number, seed: number): string {
  const slot = syntheticSlot({ deviceCount, serverCount, seed, objective: { energyWeight: 20 } });
  const pace = slot.pace as PaceState;
  const rounded = (value: number): number => Number(value.toPrecision(5));
  const at = (values: Float64Array, index: number): number => rounded(values[index] as number);
  const devices = Array.from({ length: deviceCount }, (_, device) => ({
    payloadBits: Math.round(slot.payloadBits[device] as number),
    deviceFlop: at(slot.deviceFlop, device),
    edgeFlop: at(slot.edgeFlop, device),
    deviceFlopPerSecond: at(slot.deviceFlopPerSecond, device),
    transmitPowerW: at(slot.transmitPowerW, device),
    battery: at(slot.battery, device),
    x: at(slot.deviceX, device),
    y: at(slot.deviceY, device),
    draftMs: at(pace.draftMs, device),
    promptTokens: at(pace.promptTokens, device),
    answerTokens: at(pace.answerTokens, device),
    gain: [...slot.gain.subarray(device * serverCount, (device + 1) * serverCount)].map(rounded),
  }));
  const servers = Array.from({ length: serverCount }, (_, server) => ({
    flopPerSecond: at(slot.serverFlopPerSecond, server),
    bandwidthHz: at(slot.bandwidthHz, server),
    queueDelayMs: at(slot.queueDelayMs, server),
    stepFixedMs: at(pace.stepFixedMs, server),
    stepRowMs: at(pace.stepRowMs, server),
    x: at(slot.serverX, server),
    y: at(slot.serverY, server),
  }));
  const lines = (list: readonly object[]): string => list.map((one) => `    ${JSON.stringify(one)}`).join(',\n');
  const { minimumSnr: _, ...others } = slot.objective;
  const objective = { kind: 'paper', ...others };
  return `{
  "seed": ${seed},
  "slotMs": ${slot.slotMs},
  "objective": ${JSON.stringify(objective)},
  "servers": [\n${lines(servers)}\n  ],
  "devices": [\n${lines(devices)}\n  ]
}`;
}
