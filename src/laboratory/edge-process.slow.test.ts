// An edge as a real process that can't start: whoever started it is told why, and does not wait for ever.

import { expect, it } from 'vitest';
import { startEdgeProcess } from './edge-process.ts';

it('tells the error of an edge that can not open its model, and ends', async () => {
  await expect(startEdgeProcess(['--model', 'toy:abc'], () => {})).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringContaining('toy:abc'),
  });
});
