import fc from 'fast-check';
import { expect, it } from 'vitest';
import { neutralSampling } from './sampling.ts';
import { countsWithDrafts, penaltiesActive, RunningCounts } from './token-counts.ts';

function occurrences(ids: readonly number[], id: number): number {
  return ids.filter((other) => other === id).length;
}

const someIds = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 30 });

it('RunningCounts counts tokens that were pushed and not truncated', () => {
  fc.assert(
    fc.property(someIds, someIds, fc.nat(30), (first, second, length) => {
      const counts = new RunningCounts(first);
      counts.truncate(length);
      for (const id of second) counts.push(id);
      const ids = [...first.slice(0, length), ...second];
      expect(counts.length).toBe(ids.length);
      for (let id = 0; id <= 6; id++) expect(counts.get(id) ?? 0).toBe(occurrences(ids, id));
    }),
  );
});

it('countsWithDrafts adds the drafts before a row and does not change the base', () => {
  fc.assert(
    fc.property(someIds, someIds, fc.nat(30), (answer, drafts, wanted) => {
      const draftCount = Math.min(wanted, drafts.length);
      const base = new RunningCounts(answer);
      const counts = countsWithDrafts(base, drafts, draftCount);
      const ids = [...answer, ...drafts.slice(0, draftCount)];
      for (let id = 0; id <= 6; id++) expect(counts.get(id) ?? 0).toBe(occurrences(ids, id));
      expect(base.length).toBe(answer.length);
    }),
  );
});

it('penaltiesActive is true for each of the three', () => {
  expect(penaltiesActive({ ...neutralSampling, temperature: 1, topK: 3 })).toBe(false);
  expect(penaltiesActive({ ...neutralSampling, presencePenalty: 0.1 })).toBe(true);
  expect(penaltiesActive({ ...neutralSampling, frequencyPenalty: -0.1 })).toBe(true);
  expect(penaltiesActive({ ...neutralSampling, repetitionPenalty: 0.9 })).toBe(true);
});
