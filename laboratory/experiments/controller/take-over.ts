// A controller of a fleet is killed while a crowd reports to it: when another one leads its cell, and what became of the members.

import type { BenchController } from './bench-controllers.ts';
import { orderSince } from './crowd-member.ts';
import type { CrowdTally } from './crowd-thread.ts';
import { type CrowdThreads, sumByCell } from './crowd-threads.ts';

export interface TakeOver {
  /** From the kill to the first order for a device of the cell, as that has it; null: none came in time. */
  readonly takeOverMs: number | null;
  /** From the kill until all members were connected; null: not in time. */
  readonly backMs: number | null;
  /** Members of other cells that were lost or refused. */
  readonly othersDisturbed: number;
  /** Before the kill, since the last count. */
  readonly lostBefore: number;
  readonly refusedBefore: number;
}

/** Limits for the first order, and then for the members, ms. */
const ordersWithinMs = 60_000;
const backWithinMs = 60_000;

/** @param members connected before @param cells in the order of the crowd */
export async function killController(
  { cell, process: controller }: BenchController,
  crowd: CrowdThreads,
  members: number,
  cells: readonly string[],
): Promise<TakeOver> {
  // What was counted before is not of the kill.
  const before = await crowd.tally();
  const killedAtMs = performance.timeOrigin + performance.now();
  await controller.kill();
  const orderIn = ({ firstOrders }: CrowdTally) => orderSince(firstOrders, cell, killedAtMs);
  const waiting = await crowd.until((tally) => orderIn(tally) !== undefined, ordersWithinMs, await crowd.tally());
  const joining = await crowd.untilConnected(members, backWithinMs, await crowd.tally());
  const nowMs = performance.timeOrigin + performance.now();
  const last = joining.at(-1) as CrowdTally;
  const order = orderIn(last);
  const all = [...waiting, ...joining];
  const disturbed = sumByCell(all.flatMap(({ lost, refused }) => [lost, refused]));
  return {
    takeOverMs: order === undefined ? null : order.atMs - killedAtMs,
    backMs: last.connected >= members ? nowMs - killedAtMs : null,
    othersDisturbed: disturbed.reduce((sum, count, index) => (cells[index] === cell ? sum : sum + count), 0),
    lostBefore: before.lost.reduce((sum, count) => sum + count, 0),
    refusedBefore: before.refused.reduce((sum, count) => sum + count, 0),
  };
}
