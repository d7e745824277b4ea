import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Interpretation, interpretations, queuedInterpretations } from './interpretations.ts';
import {
  decisionUnder,
  findPolicies,
  keyOf,
  learnedPolicies,
  type PaperPolicy,
  policyNames,
  shortHash,
  trainingGap,
} from './paper-policies.ts';

const example = 'examples/my-policy.ts';

describe('docs/research/reproduction.md', () => {
  it('is of the weights that are shipped', async () => {
    const page = readFileSync(new URL('../../../docs/research/reproduction.md', import.meta.url), 'utf8');
    for (const { name, trained } of (await findPolicies([], learnedPolicies)).policies) {
      for (const { found } of trained)
        expect(page.includes(shortHash(found)), `${name}: ${shortHash(found)}`).toBe(true);
    }
  });
});

describe('the policies of the figures', () => {
  it('say what is missing, and which weights they have', async () => {
    const { policies, notes } = await findPolicies(['best'], ['no-such-policy', 'tma-masac']);
    expect(policies.map(({ name }) => name)).toEqual(['best', 'tma-masac']);
    expect(notes[0]).toMatch(/no-such-policy/);
    expect(notes[1]).toMatch(
      /`tma-masac` has the weights [0-9a-f]{12} \(`q16`, per-ms\), [0-9a-f]{12} \(`ids`, per-ms\)/,
    );
  });

  it('take the weights of their payload law, and say where these were trained for something else', async () => {
    const { policies } = await findPolicies(['best'], ['tma-masac']);
    const [best, learned] = policies as [PaperPolicy, PaperPolicy];
    const [perMs, perS, ids] = interpretations as [Interpretation, Interpretation, Interpretation];
    const withIds = learned.trained.find(({ of }) => of.payloadLaw === 'ids');
    expect(decisionUnder(learned, perMs)).toBe(learned.decide);
    expect(decisionUnder(learned, ids)).toBe(withIds?.found.decide);
    expect(decisionUnder(best, ids)).toBe(best.decide);
    expect(trainingGap(learned, perMs)).toBe('');
    const isTrained = learned.trained.some(({ of }) => of.lambdaUnit === 'per-s');
    expect(trainingGap(learned, perS)).toBe(isTrained ? '' : 'trained per-ms');
    expect(trainingGap(learned, queuedInterpretations[0] as Interpretation)).toBe('trained with empty queues');
    expect(trainingGap(best, perS)).toBe('');
  });

  it("have anyone's own beside them, once, and with its hash in the record", async () => {
    const { policies, own } = await findPolicies(['best'], [], ['best', example]);
    expect(own).toEqual([example]);
    expect(policies.map(({ name }) => name)).toEqual(['best', example]);
    expect(policyNames(policies)[1]).toMatch(new RegExp(`^${example} [0-9a-f]{64}$`));
    await expect(findPolicies([], [], ['no-such-file.ts'])).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('have names that fit into a summary', () => {
    expect(['best', 'tma-masac', './my-policy.ts'].map(keyOf)).toEqual(['best', 'tmaMasac', 'myPolicyTs']);
  });
});
