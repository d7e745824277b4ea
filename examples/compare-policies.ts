// One scenario under two policies. (In an application: from 'outrider/simulation'.)
// node examples/compare-policies.ts [scenario] [slots]

import { createPolicy, createSlotTally, readPreset, runSlots } from '../src/api/simulation.ts';

const [preset = 'crowd', slots = '20'] = process.argv.slice(2);
const scenario = readPreset(preset);

for (const name of ['max-sinr', 'best']) {
  const tally = createSlotTally(10);
  // The same seed moves the devices along the same ways, whatever the policy decides.
  runSlots({ scenario, policy: { name, decide: createPolicy(name) }, seed: 1, onSlot: tally.add }, Number(slots));
  const { tasks, latencyMsMean, latencyMsP95 } = tally.summary();
  console.log(
    `${name}: ${tasks} tasks, ${latencyMsMean?.toFixed(1)} ms each, 95 % below ${latencyMsP95?.toFixed(1)} ms`,
  );
}
