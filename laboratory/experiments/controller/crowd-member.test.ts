import { expect, it } from 'vitest';
import type { AssignMessage } from '../../../src/allocation/controller/messages.ts';
import { cellNames, cellsOfController, FirstOrders, orderSince } from './crowd-member.ts';

it('gives each controller cells of its own, and those of all that start before it', () => {
  const cells = cellNames(5);
  const of = (index: number) => cellsOfController(cells, 2, index);
  expect([of(0), of(1)]).toEqual([cells, cells.slice(2)]);
  // They start in the order of falling indices: each begins with what no other one leads.
  const led = new Set<string>();
  for (const [index, own] of [
    [3, ['cell-4']],
    [2, ['cell-3']],
    [1, ['cell-2']],
    [0, ['cell-1']],
  ] as const) {
    const free = cellsOfController(cellNames(4), 4, index).filter((cell) => !led.has(cell));
    expect(free).toEqual(own);
    for (const cell of free) led.add(cell);
  }
});

it('finds the first order in a cell since a time', () => {
  const order = (cell: string, epoch: number): AssignMessage => {
    return { kind: 'assign', cell, epoch, slot: 1, edge: 'near', ticket: 't', msPerToken: 1, reason: '' };
  };
  const orders = new FirstOrders();
  orders.add(order('north', 1), 100);
  orders.add(order('south', 2), 150);
  orders.add(order('north', 1), 300);
  orders.add(order('north', 5), 400);
  orders.add(order('north', 5), 500);
  expect(orderSince(orders.all, 'north', 200)).toEqual({ cell: 'north', epoch: 5, atMs: 400 });
  expect(orderSince(orders.all, 'south', 200)).toBeUndefined();
});
