// The second implementation against an edge with the default target; it also derives the tokenizer hash as docs/internals/protocol.md says.

import { expect, it } from 'vitest';
import { acquireModel } from '../src/models/files/acquire.ts';
import { defaultPair } from '../src/models/files/manifest-data.ts';
import { rarerThan, runSecondClient } from './second-client.fixture.ts';

it('writes the text of the default target, whatever happens to its connections', async () => {
  const { path } = await acquireModel(defaultPair.target);
  const flags = ['--model', defaultPair.target, '--model-file', path, '--turns', '6', '--disturbances', '8'];
  const checked = await runSecondClient('model', ...flags);
  expect(checked.failures.slice(0, 20)).toEqual([]);
  expect(rarerThan(checked, { turns: 15, cut: 15, accepted: 30 })).toEqual([]);
});
