// One signal for all answers of a long-lived program must not keep the answers that are over.

import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { startTurn } from '../../src/processes/device/turn.ts';
import { startToyEdge, toyTurn } from './toy-edge.ts';

it('holds no turn that is over, also if garbage was collected during it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await using edge = await startToyEdge();
  const { signal } = new AbortController();
  const turns = Array.from({ length: 4 }, () => startTurn(toyTurn(edge, { signal })));
  expect(getEventListeners(signal, 'abort')).toHaveLength(4);
  await new Promise((resolve) => setTimeout(resolve, 50));
  collect();
  for (const turn of turns) await turn.report;
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
