import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { natsServerPath } from '../../../simulator/files/nats-server.ts';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { controllerExperiment } from './controller.ts';
import { measureDecision } from './decisions.ts';
import type { SocketRow } from './sockets.ts';

it("lets a crowd join a controller process, while real devices read the target's own texts", async () => {
  const { rows, summary } = await runExperiment(controllerExperiment, {
    part: 'sockets',
    devices: 50,
    edges: 9,
    seconds: 3,
    settle: 1,
    realDevices: 2,
    realEdges: 1,
  });
  const [row] = rows as readonly SocketRow[];
  expect(rows).toHaveLength(1);
  expect(row).toMatchObject({ devices: 50, connected: 50, lost: 0, refused: 0, fallbackShare: 0 });
  // Each of 62 members reports what has changed, twice a second, and at once when an answer begins or ends. A busy machine may be late.
  expect(row?.receivedPerSecond).toBeGreaterThan(60);
  expect(row?.receivedBytesPerSecond).toBeGreaterThan(40 * (row?.receivedPerSecond ?? 0));
  expect(row?.receivedBytesPerSecond).toBeLessThan(600 * (row?.receivedPerSecond ?? 0));
  // Those of edges and real devices are in the one, and not in the other.
  expect(row?.deviceBytesPerSecond).toBeGreaterThan(0);
  expect(row?.deviceBytesPerSecond).toBeLessThan(row?.receivedBytesPerSecond ?? 0);
  expect(row?.sentPerSecond).toBeGreaterThan(5);
  expect(summary).toMatchObject({ devices: 50, failed: 0, lost: 0, refused: 0 });
  expect(summary['texts']).toBeGreaterThan(0);
  expect(summary['identical']).toBe(summary['texts']);
}, 60_000);

const hasStore = spawnSync(natsServerPath(), ['--version']).status === 0;
it.skipIf(!hasStore)(
  'kills one of a fleet, whose cell another one takes over',
  async () => {
    const { rows, summary } = await runExperiment(controllerExperiment, {
      fleet: 'local',
      cells: 2,
      devices: 20,
      edges: 8,
      seconds: 1,
      settle: 0,
      realDevices: 2,
      realEdges: 2,
      policy: 'greedy',
    });
    expect(rows).toMatchObject([
      { devices: 20, controllers: 2, isAfterKill: false, connected: 20, lost: 0, refused: 0 },
      { devices: 20, controllers: 1, isAfterKill: true, connected: 20 },
    ]);
    // A lease is taken when another one has seen it unchanged for 15 s.
    expect(summary['takeOverMs']).toBeGreaterThan(13_000);
    expect(summary).toMatchObject({ othersDisturbed: 0, failed: 0 });
    expect(summary['identical']).toBe(summary['texts']);
  },
  90_000,
);

it('decides a small town', async () => {
  const found = await measureDecision(100, 9, 128, 'felt');
  expect(found).toMatchObject({ devices: 100, edges: 9 });
  expect(found.reading).toBeGreaterThan(40);
  expect(found.decideMs).toBeGreaterThan(0);
  // A device has an order at least, or a new plan.
  expect(found.messages).toBeGreaterThan(20);
  expect(found.bytesPerDevice).toBeGreaterThan(500);
});

it('decides a large slot at once', async () => {
  const found = await measureDecision(28_000, 2800, 128, 'paper');
  expect(found.reading).toBeGreaterThan(20_000);
}, 120_000);
