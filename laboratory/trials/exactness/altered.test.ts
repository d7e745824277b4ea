import { describe, expect, it } from 'vitest';
import { contractTokens, describeModelContract, feed } from '../../../src/models/port/model.contract.ts';
import { skipAsks } from '../../../src/models/port/model-asks.contract.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { alterModel } from './altered.ts';

const inner = () => createToyModel({ seed: 7, role: 'target', sequences: 3, contextLength: 2000 });
describeModelContract('altered toy', async () => alterModel(inner(), { seed: 5 }), {
  skip: skipAsks('it lies about its candidates'),
});

describe('an altered model', () => {
  it('replaces the best candidate in the given share of contexts and nothing else', async () => {
    const [honest, lying] = [inner(), alterModel(inner(), { seed: 5, share: 0.3 })];
    const tokens = contractTokens(honest, 1500).map((id, index) => id + (index % 13));
    const truth = await feed(honest, honest.openSequence(), tokens, 50);
    const lies = await feed(lying, lying.openSequence(), tokens, 50);
    let alteredCount = 0;
    for (const [index, { ids, logits }] of lies.entries()) {
      expect(logits).toEqual(truth[index]?.logits);
      expect(ids.slice(1)).toEqual(truth[index]?.ids.slice(1));
      if (ids[0] !== truth[index]?.ids[0]) alteredCount++;
    }
    expect(Math.abs(alteredCount / tokens.length - 0.3)).toBeLessThan(0.04);
  });

  it('says that it is altered, and never has the fingerprint of the original', () => {
    const [honest, lying] = [inner(), alterModel(inner(), { seed: 5 })];
    expect(lying.identity.description).toContain('altered');
    expect(lying.identity.fingerprint).not.toBe(honest.identity.fingerprint);
  });

  it('refuses a share out of range', () => {
    expect(() => alterModel(inner(), { seed: 1, share: 2 })).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
