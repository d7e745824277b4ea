import { describe, expect, it } from 'vitest';
import { edgeWaitMs, offlineNote, offlineOpenings, offlinePolicy } from './offline-model.ts';

describe('the choice of --offline', () => {
  it('is to refuse by default, and the draft without a value', () => {
    expect(offlinePolicy(undefined, 'toy:1')).toEqual({ kind: 'refuse' });
    expect(offlinePolicy('refuse', 'toy:1')).toEqual({ kind: 'refuse' });
    expect(offlinePolicy('wait', 'none')).toEqual({ kind: 'wait' });
    for (const choice of [true, 'draft', 'toy:1'] as const)
      expect(offlinePolicy(choice, 'toy:1')).toEqual({ kind: 'draft' });
    expect(offlinePolicy('toy:2', 'none')).toEqual({ kind: 'model', model: 'toy:2' });
  });

  it('is refused where nothing could write', () => {
    expect(() => offlinePolicy(true, 'none')).toThrow('--offline has no model to answer with');
    expect(() => offlinePolicy('ngram', 'toy:1')).toThrow('"ngram" can\'t answer alone');
    expect(() => offlinePolicy('toy:x', 'toy:1')).toThrow('is not a toy model');
  });

  it('opens a model of its own only where that is not the draft', () => {
    expect(offlineOpenings(offlinePolicy(true, 'toy:1'))).toEqual([]);
    expect(offlineOpenings(offlinePolicy('toy:2', 'toy:1'))).toMatchObject([{ spec: 'toy:2', sequences: 1 }]);
  });

  it('says how long answers wait, and what happens then', () => {
    expect(edgeWaitMs({ kind: 'draft' }, undefined)).toBeUndefined();
    expect(edgeWaitMs({ kind: 'draft' }, 2)).toBe(2000);
    expect(edgeWaitMs({ kind: 'wait' }, undefined)).toBe(86_400_000);
    expect(offlineNote({ kind: 'wait' }, 86_400_000)).toBe('while no edge answers: requests wait for one');
    expect(offlineNote({ kind: 'refuse' }, 2000)).toContain('waits 2 s for one, then refuses with 503');
    expect(offlineNote({ kind: 'model', model: 'toy:2' }, undefined)).toContain('toy:2 answers alone');
  });
});
