// One scenario under two policies. (In an application: from 'outrider/simulation'.)
// node examples/compare-policies.ts [scenario] [slots]

import { createPolicy, readPreset, simulate } from '../src/api/simulation.ts';

const [preset = 'crowd', slots = '20'] = process.argv.slice(2);
const scenario = readPreset(preset);

for (const name of ['max-sinr', 'best']) {
  // The same seed moves the devices along the same ways, whatever the policy decides.
  const policy = { name, decide: createPolicy(name) };
  const { tasks, latencyMsMean, latencyMsP95 } = simulate({ scenario, policy, slots: Number(slots), seed: 1 }).summary;
  console.log(
    `${name}: ${tasks} tasks, ${latencyMsMean?.toFixed(1)} ms each, 95 % below ${latencyMsP95?.toFixed(1)} ms`,
  );
}
