// Flags of a controller of a fleet that do not go together, and what it says of its cells.

import { expect, it } from 'vitest';
import { controllerCommand } from './controller.ts';
import { cellNote, ForeignCells } from './controller-fleet.ts';

const run = (...words: string[]): Promise<unknown> => {
  const command = controllerCommand().exitOverride();
  command.configureOutput({ writeErr() {} });
  return command.parseAsync(['--port', '0', ...words], { from: 'user' });
};

it.each([
  [['--cells', 'north,south'], 'one controller decides for one cell'],
  [['--cells', 'a b'], '"a b" is no cell'],
  [['--cells', 'a,,b'], '"" is no cell'],
  [['--cells', Array.from({ length: 1000 }, (_, index) => `c${index}`).join()], '1000 cells are too many'],
  [['--fleet', 'http://127.0.0.1:1'], 'is no address of a store'],
  [['--fleet', 'nats://127.0.0.1:1', '--epoch', '3'], 'cannot be used with'],
  [['--fleet', 'nats://127.0.0.1:1', '--fleet-credentials', '/none'], "/none can't be read: ENOENT"],
])('refuses %s', async (words, cause) => {
  await expect(run(...words)).rejects.toThrow(cause);
});

it('says in one line who leads a cell', () => {
  const state = { cell: 'north', epoch: null, holder: null, ageMs: null };
  expect(cellNote(state)).toBe('nobody leads the cell north: its edges and devices go on without orders');
  expect(cellNote({ ...state, epoch: 7, holder: 'me' })).toBe('leads the cell north, epoch 7');
  const holder = JSON.stringify({ id: 'x', address: 'wss://one.example:8640' });
  expect(cellNote({ ...state, holder })).toBe('the cell north is led by wss://one.example:8640');
  expect(cellNote({ ...state, holder: 'of others' })).toBe('the cell north is led by another controller');
});

it('names a cell that nobody leads once an hour, and 64 at most, whatever names are invented', () => {
  const cells = new ForeignCells();
  expect([cells.takes('nroth', 5), cells.takes('nroth', 6)]).toEqual([true, false]);
  const taken = Array.from({ length: 1000 }, (_, index) => cells.takes(`c${index}`, 7));
  expect(taken.filter(Boolean)).toHaveLength(63);
  expect([cells.takes('nroth', 3_600_004), cells.takes('nroth', 3_600_005)]).toEqual([false, true]);
});
