// The weights that are shipped are worth what docs/research/learning.md says of them.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findPolicy } from '../../../src/files/policy-file.ts';
import { findRadioMap } from '../../files/shipped-maps.ts';
import { learnedPolicyList, trainedOn } from '../../files/shipped-weights.ts';
import { readPreset } from '../../scenario/presets.ts';
import { parseOverride } from '../../scenario/read-scenario.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { createEnvironment } from '../../training/environment.ts';
import { evaluatePolicy, keepSlots } from '../../training/held-out.ts';

const shipped = learnedPolicyList.flatMap(({ name }) => trainedOn.map((world) => ({ name, world })));
it.each(shipped)(
  'ships weights that are worth what docs/research/learning.md says: $name@$world',
  async ({ name, world }) => {
    const scenario = trainingScenario(world);
    const { channel } = scenario;
    const map = channel.kind === 'map' ? await findRadioMap(channel.map) : undefined;
    const heldOut = keepSlots(createEnvironment(scenario, map), 40, 4, 8);
    const page = readFileSync(new URL('../../../docs/research/learning.md', import.meta.url), 'utf8');
    const row = page.split('\n').find((line) => line.startsWith(`| \`${world}\` | \`${name}\` |`));
    const documented = Number(row?.split('|')[4]);
    const { decide } = await findPolicy(`${name}@${world}`);
    expect(Math.abs(evaluatePolicy(heldOut, decide).reward - documented)).toBeLessThan(1e-4);
  },
  120_000,
);

/** The world of a training: "paper-ids", or a preset. */
function trainingScenario(world: string): Scenario {
  return world === 'paper-ids' ? readPreset('paper', [parseOverride('workload.payloadLaw=ids')]) : readPreset(world);
}
