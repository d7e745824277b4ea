import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { learnedPolicyList, trainedOn, weightsOf } from './shipped-weights.ts';

it('names every file of weights that is shipped', () => {
  const files = learnedPolicyList.flatMap(({ name }) => trainedOn.map((one) => weightsOf(`${name}@${one}`)));
  expect(files).toHaveLength(14);
  expect(files.filter((file) => file === undefined || !existsSync(file))).toEqual([]);
});

it('takes a name alone for the paper, and knows nothing but what is shipped', () => {
  expect(weightsOf('tma-masac')).toBe(weightsOf('tma-masac@paper'));
  expect(weightsOf('masac:own.safetensors')).toBe('own.safetensors');
  expect(weightsOf('greedy')).toBeUndefined();
  expect(() => weightsOf('tma-masac@paper-other')).toThrow(
    'no weights of tma-masac for paper-other come with outrider',
  );
});
