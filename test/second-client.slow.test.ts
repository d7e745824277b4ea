// A second implementation of the protocol and of token choice, in Python and from the documents alone, against the golden vectors of the
// pages and against real edges: every mode, lost connections, forgotten sessions, handovers, random legal behaviour. docs/internals/testing.md.

import { expect, it } from 'vitest';
import { rarerThan, runSecondClient } from './second-client.fixture.ts';

it('reproduces every golden frame and every golden choice of the documents', async () => {
  const { passed, failures } = await runSecondClient('documents');
  expect(failures).toEqual([]);
  expect(passed).toBeGreaterThan(200);
});

it('is a device and an edge of a controller, over TLS', async () => {
  const { passed, failures, counts } = await runSecondClient('control');
  expect(failures).toEqual([]);
  expect([passed, counts['turns']]).toEqual([17, 1]);
}, 120_000);

it('writes the text of the target in every mode, whatever happens to its connections', async () => {
  const checked = await runSecondClient('toy');
  expect(checked.failures.slice(0, 20)).toEqual([]);
  const disturbances = { held: 50, cut: 80, gone: 30, doubled: 10, 'handed over': 10 };
  expect(rarerThan(checked, { turns: 50, accepted: 300, ...disturbances })).toEqual([]);
}, 240_000);
