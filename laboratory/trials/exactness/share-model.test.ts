// A share is a model like any other, and no larger than it says.

import { expect, it } from 'vitest';
import { describeModelContract } from '../../../src/models/port/model.contract.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { shareModel } from './share-model.ts';

const toy = () => createToyModel({ seed: 1, role: 'target', sequences: 8, contextLength: 1024 });

describeModelContract('a share of the toy', async () => shareModel(toy(), 4));

it('a share refuses more sequences than it has, though the model has some left, and takes back what is released', async () => {
  await using model = toy();
  const [small, other] = [shareModel(model, 2), shareModel(model, 3)];
  const [first] = [small.openSequence(), small.openSequence()];
  expect(() => small.openSequence()).toThrow(expect.objectContaining({ code: 'edge-full' }));
  for (let count = 0; count < 3; count++) other.openSequence();
  await first?.release();
  expect(small.openSequence().length).toBe(0);
  expect(() => small.openSequence()).toThrow(expect.objectContaining({ code: 'edge-full' }));
});
