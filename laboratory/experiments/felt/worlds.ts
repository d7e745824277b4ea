// The worlds of `outrider bench felt`: every preset, under both payload laws.

import { findRadioMap } from '../../../simulator/files/shipped-maps.ts';
import { presetNames, readPreset } from '../../../simulator/scenario/presets.ts';
import type { Scenario } from '../../../simulator/scenario/scenario.ts';
import type { RadioMap } from '../../../simulator/world/radio-map.ts';
import { findModelShape, payloadBitsPerToken } from '../../../simulator/world/workload-models.ts';

export const payloadLaws = ['q16', 'ids'] as const;
export type PayloadLaw = (typeof payloadLaws)[number];

export const feltPresets: readonly string[] = presetNames;

/** Simulated seconds of a run for each second that is asked for: sessions of `modern` are rare, those of `coupled` last long. */
const longer: Readonly<Record<string, number>> = { modern: 4, 'street-canyon': 2, crowd: 2, coupled: 6 };

export interface FeltWorld {
  readonly scenario: Scenario;
  readonly slots: number;
  readonly map: RadioMap | undefined;
}

/** @param seconds simulated */
export async function openWorld(preset: string, law: PayloadLaw, seconds: number): Promise<FeltWorld> {
  const scenario = readPreset(preset, [{ path: ['workload', 'payloadLaw'], value: law }]);
  const { channel, slotMs } = scenario;
  const map = channel.kind === 'map' ? await findRadioMap(channel.map) : undefined;
  return { scenario, map, slots: Math.max(2, Math.round((1e3 * seconds * (longer[preset] ?? 1)) / slotMs)) };
}

/** Payload bits of a law for each bit of another. */
export function payloadScale({ workload }: Scenario, from: PayloadLaw, to: PayloadLaw): number {
  const draft = findModelShape(workload.draft);
  return payloadBitsPerToken(draft, to) / payloadBitsPerToken(draft, from);
}
