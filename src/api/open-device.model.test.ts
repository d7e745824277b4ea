// A device that needs no model opens none. Needs node-llama-cpp, and no model.

import { expect, it } from 'vitest';
import { writeSmallModel } from '../models/engines/small-model.fixture.ts';
import { folderOfAll } from '../models/gguf/folder.fixture.ts';
import { openDevice } from './open-device.ts';

const here = folderOfAll();

it('takes the tokenizer of a file, whatever a model of it could hold', async () => {
  const target = here('small.gguf');
  await writeSmallModel(target, { positions: 256 });
  const parts = { edge: 'ws://127.0.0.1:1', target, cacheDirectory: here() };
  // No model of the engine has so small a context.
  await using device = await openDevice({ ...parts, draft: 'none', contextLength: 1 });
  expect(device.tokenizer.vocabularySize).toBe(257);
  const message = 'context length is 1';
  await expect(openDevice({ ...parts, draft: target, contextLength: 1 })).rejects.toMatchObject({ message });
});
