import { expect, it } from 'vitest';
import { type Account, decisionsBetween, trafficOf } from './bench-controllers.ts';
import { sumByCell } from './crowd-threads.ts';

const decision = (ms: number) => ({ policy: 'best', decisionMs: ms, ownMs: 1 });
const led = (epoch: number, slots: number, ...times: readonly number[]): Account['led'][number] => {
  const traffic = { receivedMessages: 10 * epoch, receivedBytes: 0, sentMessages: 0, sentBytes: 0, refused: 0 };
  return { epoch, slots, edges: 1, devices: 1, policy: 'best', decisionMs: 0, traffic, recent: times.map(decision) };
};
const account = (...all: Account['led']): Account => {
  return { led: all, heldBytes: 0, residentBytes: 0, threadCpuMs: 0, cpuMs: 0 };
};

it('has the decisions of each cell since an account before, those of a cell that was taken over included', () => {
  const before = account(led(1, 2, 10, 20), led(2, 1, 30));
  const after = account(led(1, 4, 10, 20, 11, 21), led(2, 1, 30), led(3, 1, 40));
  expect(decisionsBetween(before, after).map(({ decisionMs }) => decisionMs)).toEqual([11, 21, 40]);
  expect(trafficOf(after, 'receivedMessages')).toBe(60);
});

it('adds up counts by cell', () => {
  expect(
    sumByCell([
      [1, 0, 2],
      [3, 0, 0],
    ]),
  ).toEqual([4, 0, 2]);
});
