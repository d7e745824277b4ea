import { expect, it } from 'vitest';
import type { AssignMessage } from '../../../src/allocation/controller/messages.ts';
import type { Accept, ConnectionHandler } from '../../../src/network/transport/transport.ts';
import { cellNames, cellsOfController, FirstOrders, MemberBytes, orderSince } from './crowd-member.ts';

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

it('counts the bytes of some members over all of their connections', () => {
  const bytes = new MemberBytes();
  const events: string[] = [];
  const handler: ConnectionHandler = {
    frame: () => events.push('frame'),
    writable: () => events.push('writable'),
    closed: ({ code }) => events.push(code),
  };
  const connections = [
    { sentBytes: 5, receivedBytes: 1 },
    { sentBytes: 7, receivedBytes: 2 },
  ];
  const opened: ConnectionHandler[] = [];
  const reach = bytes.countOn((accept) => {
    opened.push(accept(connections[opened.length] as Parameters<Accept>[0]));
    return () => {};
  });
  for (const _ of connections)
    reach(
      () => handler,
      () => {},
    );
  expect(bytes.count).toEqual({ sentBytes: 12, receivedBytes: 3 });
  opened[0]?.frame(new Uint8Array());
  opened[0]?.writable();
  opened[0]?.closed({ by: 'us', code: 'done', detail: '' });
  Object.assign(connections[1] as object, { sentBytes: 10 });
  expect(bytes.count).toEqual({ sentBytes: 15, receivedBytes: 3 });
  expect(events).toEqual(['frame', 'writable', 'done']);
});
