import { expect, it } from 'vitest';
import { paramsOf } from './exactness.ts';

it('names models without the path of their file', () => {
  const options = {
    target: '/x/a.gguf',
    draft: '/x/b.gguf',
    tokens: 1,
    roundTripsMs: [],
    temperatures: [],
    modes: [],
  };
  expect(paramsOf(options)).toEqual({ ...options, target: 'a.gguf', draft: 'b.gguf' });
  expect(paramsOf({ ...options, engine: 'vllm:/x/model' })).toMatchObject({ engine: 'vllm:model' });
  expect(paramsOf({ ...options, engine: 'ik' })).toMatchObject({ engine: 'ik' });
});
