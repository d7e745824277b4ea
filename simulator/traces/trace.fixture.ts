// Random traces for tests, with everything that a recorder can write.

import { createRandom, type Random } from '../../src/core/basics/philox.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { type TokenUnits, type Trace, type TraceHeader, type TraceSession, TraceSessionBuilder } from './trace.ts';

const endId = 2;
const names = ['', 'a', 'spec-bench/81', 'Übung\n"zwei"', '\u{1f600}\u0000'];

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[random.integer(values.length)] as Value;
}

function between(random: Random, low: number, high: number): number {
  return low + random.integer(high - low + 1);
}

/** A header of invented models: greedy, answers of 120 tokens, wrong chains 3 deep. */
export function madeUpHeader(changes: Partial<TraceHeader> = {}): TraceHeader {
  return {
    target: { name: 'large', fingerprint: 'aa' },
    draft: { name: 'small', fingerprint: 'bb' },
    tokenizerHash: 'ab'.repeat(32),
    vocabularySize: 1000,
    endIds: [endId],
    sampling: neutralSampling,
    answerTokens: 120,
    wrongDepth: 3,
    hasRunnerUps: false,
    source: 'made up',
    licence: 'none',
    ...changes,
  };
}

/** A random trace; the same for the same seed. */
export function throwTrace(seed: number): Trace {
  const random = createRandom(seed);
  const header = throwHeader(random);
  return { header, sessions: Array.from({ length: random.integer(5) }, () => throwSession(random, header)) };
}

function throwHeader(random: Random): TraceHeader {
  const words = 2 ** 32;
  return {
    target: { name: pick(random, names), fingerprint: 'aa' },
    draft: { name: pick(random, names), fingerprint: 'bb' },
    tokenizerHash: '0f'.repeat(32),
    vocabularySize: between(random, 300, 200_000),
    endIds: pick(random, [[endId], [0, endId]]),
    sampling: {
      ...neutralSampling,
      temperature: pick(random, [0, 0.8]),
      logitBias: pick(random, [[], [[7, -1.5] as const]]),
      seed: BigInt(random.integer(words)) * BigInt(words) + BigInt(random.integer(words)),
    },
    answerTokens: between(random, 1, 40),
    wrongDepth: between(random, 1, 9),
    hasRunnerUps: pick(random, [false, true]),
    source: pick(random, names),
    licence: pick(random, names),
  };
}

/** No end id before the answer's end, or in a wrong chain. */
function throwSession(random: Random, header: TraceHeader): TraceSession {
  const { vocabularySize, answerTokens, wrongDepth, hasRunnerUps } = header;
  const plainId = (): number => between(random, endId + 1, vocabularySize - 1);
  const units = (): number => pick(random, [1, 65_535, between(random, 1, 65_535)]);
  const endsEarly = random.uniform() < 0.5;
  const answer = Array.from({ length: endsEarly ? random.integer(answerTokens) : answerTokens }, plainId);
  if (endsEarly) answer.push(endId);
  const builder = new TraceSessionBuilder();
  const runnerUp = (first: number, right: number): TokenUnits | null => {
    const token = pick(random, [right, plainId(), plainId()]);
    return hasRunnerUps && token !== first ? { token, units: between(random, 1, 32_768) } : null;
  };
  for (const right of answer) {
    const chain = Array.from({ length: random.integer(wrongDepth + 1) }, () => {
      const token = plainId();
      return { token, units: units(), runnerUp: runnerUp(token, right) };
    });
    if (random.uniform() < 0.6 || chain[0]?.token === right) builder.addRight(units(), runnerUp(right, right));
    else builder.addWrong(chain);
  }
  const prompt = Array.from({ length: between(random, 1, 20) }, plainId);
  return builder.build({ id: pick(random, names), task: pick(random, names), prompt, answer });
}
