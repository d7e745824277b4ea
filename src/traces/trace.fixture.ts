// Traces for tests: thrown at random, with everything that a recorder can write.

import fc from 'fast-check';
import { neutralSampling } from '../decoding/sampling.ts';
import { type Trace, type TraceHeader, type TraceSession, TraceSessionBuilder } from './trace.ts';

const units: fc.Arbitrary<number> = fc.integer({ min: 1, max: 65_535 });

export const headers: fc.Arbitrary<TraceHeader> = fc.record({
  target: fc.record({ name: fc.string(), fingerprint: fc.constant('aa') }),
  draft: fc.record({ name: fc.string(), fingerprint: fc.constant('bb') }),
  tokenizerHash: fc.constant('0f'.repeat(32)),
  vocabularySize: fc.integer({ min: 300, max: 200_000 }),
  endIds: fc.constantFrom([2], [0, 2]),
  sampling: fc.record({
    ...Object.fromEntries(Object.entries(neutralSampling).map(([key, value]) => [key, fc.constant(value)])),
    temperature: fc.constantFrom(0, 0.8),
    seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    logitBias: fc.constantFrom([], [[7, -1.5] as const]),
  }) as unknown as fc.Arbitrary<TraceHeader['sampling']>,
  answerTokens: fc.integer({ min: 1, max: 40 }),
  wrongDepth: fc.integer({ min: 1, max: 9 }),
  source: fc.string({ unit: 'binary' }),
  licence: fc.string(),
});

function sessions(header: TraceHeader): fc.Arbitrary<TraceSession> {
  const { vocabularySize, answerTokens, wrongDepth } = header;
  const plainId = fc.integer({ min: 3, max: vocabularySize - 1 });
  const draft = fc.record({ token: plainId, units });
  const position = fc.record({
    token: plainId,
    right: fc.boolean(),
    units,
    chain: fc.array(draft, { maxLength: wrongDepth }),
  });
  return fc
    .record({
      id: fc.string(),
      task: fc.string({ unit: 'grapheme' }),
      prompt: fc.array(plainId, { minLength: 1, maxLength: 20 }),
      positions: fc.array(position, { minLength: answerTokens, maxLength: answerTokens }),
      endsAt: fc.option(fc.nat(answerTokens - 1)),
    })
    .map(({ id, task, prompt, positions, endsAt }) => {
      const kept = positions.slice(0, endsAt === null ? answerTokens : endsAt + 1);
      const answer = kept.map(({ token }, index) => (index === endsAt ? 2 : token));
      const builder = new TraceSessionBuilder();
      for (const [index, { right, units, chain }] of kept.entries()) {
        const isWrong = !right && chain[0]?.token !== answer[index];
        if (isWrong) builder.addWrong(chain);
        else builder.addRight(units);
      }
      return builder.build({ id, task, prompt, answer });
    });
}

export const traces: fc.Arbitrary<Trace> = headers.chain((header) =>
  fc.record({ header: fc.constant(header), sessions: fc.array(sessions(header), { maxLength: 4 }) }),
);
