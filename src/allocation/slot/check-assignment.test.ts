import { describe, expect, it } from 'vitest';
import { createPolicy, policyList } from '../../../simulator/policies/policies.ts';
import { checkAssignment } from './check-assignment.ts';
import type { Assignment, SlotState } from './slot-state.ts';
import { syntheticSlot } from './synthetic-slot.ts';

const dense = syntheticSlot({ deviceCount: 12, serverCount: 4, seed: 3 });
/** Device 0 reaches only server 1; device 1 reaches no server. */
const state: SlotState = { ...dense, snr: dense.snr.map((snr, link) => (link < 8 && link !== 1 ? 0.1 : snr)) };

function altered(change: (assignment: Assignment) => void): Assignment {
  const assignment = createPolicy('max-sinr')(state);
  change(assignment);
  return assignment;
}

describe('checkAssignment', () => {
  it('accepts the decisions of every policy, in both forms of a state', () => {
    const sparse = syntheticSlot({ deviceCount: 40, serverCount: 30, seed: 4, candidateCount: 5 });
    for (const { name } of policyList) {
      for (const one of [state, sparse])
        expect(() => checkAssignment(one, createPolicy(name)(one)), name).not.toThrow();
    }
  });

  it.each<[string, RegExp, (assignment: Assignment) => void]>([
    ['a server that is not there', /device 2: server is 4/, ({ server }) => server.fill(4, 2, 3)],
    ['a server below -1', /device 2: server is -2/, ({ server }) => server.fill(-2, 2, 3)],
    ['a link that is too weak', /device 0: server is 0, whose SNR is 0.1/, ({ server }) => server.fill(0, 0, 1)],
    ['nobody where somebody can be reached', /device 2: server is -1/, ({ server }) => server.fill(-1, 2, 3)],
    ['NaN', /device 3: bandwidthShare is NaN/, ({ bandwidthShare }) => bandwidthShare.fill(Number.NaN, 3, 4)],
    ['a negative share', /device 3: computeShare is -0.1/, ({ computeShare }) => computeShare.fill(-0.1, 3, 4)],
    ['a share for nobody', /device 1: bandwidthShare is 0.5/, ({ bandwidthShare }) => bandwidthShare.fill(0.5, 1, 2)],
    ['more than there is', /add up to/, ({ bandwidthShare }) => bandwidthShare.fill(0.9, 2)],
    ['more computing than there is', /computeShares add up/, ({ computeShare }) => computeShare.fill(0.9, 2)],
  ])('refuses %s', (_, message, change) => {
    expect(() => checkAssignment(state, altered(change))).toThrow(message);
  });

  it('refuses wrong shapes and servers that are no candidates', () => {
    const assignment = createPolicy('max-sinr')(state);
    expect(() => checkAssignment(state, { ...assignment, server: new Int32Array(3) })).toThrow(/server has 3 entries/);
    const sparse = syntheticSlot({ deviceCount: 4, serverCount: 30, seed: 4, candidateCount: 5 });
    const far = createPolicy('max-sinr')(sparse);
    const known = new Set(sparse.candidates?.server.slice(0, sparse.candidates.start[1]));
    far.server[0] = [...Array(30).keys()].find((server) => !known.has(server)) as number;
    expect(() => checkAssignment(sparse, far)).toThrow(/device 0: server is \d+$/);
  });

  it('leaves room for rounding only', () => {
    const rounded = altered(({ bandwidthShare }) => {
      for (const [device, share] of bandwidthShare.entries()) bandwidthShare[device] = share * (1 + 5e-10);
    });
    expect(() => checkAssignment(state, rounded)).not.toThrow();
  });

  it('knows its policies by name', () => {
    expect(() => createPolicy('worst')).toThrow(/no policy "worst"/);
  });
});
