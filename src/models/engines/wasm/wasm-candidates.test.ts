import { expect, it } from 'vitest';
import { createRandom } from '../../../core/basics/philox.ts';
import { answerAsk, largestLogits } from './wasm-candidates.ts';

const random = createRandom(3);
/** With many ties. */
const someLogits = (count: number): Float32Array =>
  Float32Array.from({ length: count }, () => Math.floor(random.uniform() * 50) / 8 - 3);

it('gives the 64 largest, ties to the lower id', () => {
  for (const count of [1, 63, 64, 65, 1000, 5000]) {
    const logits = someLogits(count);
    const order = [...logits.keys()].sort(
      (one, other) => (logits[other] as number) - (logits[one] as number) || one - other,
    );
    const ids = order.slice(0, 64);
    expect(largestLogits(logits)).toEqual({ ids, logits: ids.map((id) => logits[id]) });
    expect(answerAsk(logits, {})).toEqual({ ids, logits: ids.map((id) => logits[id]) });
  }
});

it('takes ascending and descending logits', () => {
  const rising = Float32Array.from({ length: 200 }, (_, id) => id);
  expect(largestLogits(rising).ids).toEqual(Array.from({ length: 64 }, (_, index) => 199 - index));
  expect(largestLogits(rising.toReversed()).ids).toEqual(Array.from({ length: 64 }, (_, index) => index));
});
