// Which server serves which device, from a slot in JSON, and how far from the best decision that can be at most.
// In a clone: npm run --silent example examples/choose-servers.ts [slot.json] [policy]

import { readFile } from 'node:fs/promises';
import { createPolicy, describeDecision, exampleState, readState, requireAssignment } from 'outrider/allocation';

const [file, name = 'best'] = process.argv.slice(2);

const json = file === undefined ? exampleState(24, 4, 1) : await readFile(file, 'utf8');
const slot = readState(json, file ?? 'the example');
const assignment = requireAssignment({ name, decide: createPolicy(name) }, slot);

const { rows, summary } = describeDecision(slot, assignment, true);
for (const { device, server, bandwidthShare, computeShare, latencyMs } of rows) {
  const shares = `${(100 * bandwidthShare).toFixed(1)} % of the band, ${(100 * computeShare).toFixed(1)} % of the computing`;
  console.log(`device ${device}: server ${server}, ${shares}, ${latencyMs.toFixed(0)} ms`);
}
// Lagrangian duality gives a bound that no decision can beat; constant terms are left out, so this is the strictest reading.
const { costMs, variableGap = Number.NaN } = summary;
console.log(`cost ${costMs.toFixed(0)} ms, at most ${(100 * variableGap).toFixed(2)} % above the optimum`);
