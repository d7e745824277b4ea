// One scenario under two policies.
// In a clone: npm run --silent example examples/compare-policies.ts [scenario] [slots]

import { createPolicy, readPreset, simulate } from 'outrider/simulation';

const [preset = 'crowd', slots = '20'] = process.argv.slice(2);
const read = readPreset(preset);
// What readers feel: the predicted time per token. Without this line: the paper's objective.
const scenario = { ...read, objective: { ...read.objective, kind: 'felt' as const } };

for (const name of ['max-sinr', 'best']) {
  // The same seed moves the devices along the same ways, whatever the policy decides.
  const policy = { name, decide: createPolicy(name) };
  const { summary } = simulate({ scenario, policy, slots: Number(slots), seed: 1 });
  const { tasks, predictedMsPerTokenMean, predictedTokensPerSecond } = summary;
  console.log(
    `${name}: ${tasks} tasks, ${predictedMsPerTokenMean?.toFixed(1)} ms a token, ${predictedTokensPerSecond?.toFixed(0)} tokens/s`,
  );
}
