// A controller with an edge and a device that reads, and policies in turn that take memory without end in their first slot.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deviceReport, edgeReport, reading } from '../../src/allocation/controller/controller.fixture.ts';
import type { ControllerEvent } from '../../src/allocation/controller/controller-events.ts';
import { encodeControl } from '../../src/allocation/controller/message-codec.ts';
import { controlVersion } from '../../src/allocation/controller/messages.ts';
import { createPolicy } from '../../src/allocation/policies/policies.ts';
import { openPolicyProcess, type PolicyProcess } from '../../src/files/policy-process.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import type { Connection } from '../../src/network/transport/transport.ts';
import { type RunningController, startController } from '../../src/processes/controller/controller-server.ts';

/** Three of it, of the processor, suffice to reach the limit of memory. */
const slotMs = 200;
const mostMemoryMb = 64;

/** Ways to take memory without end. */
const bodies: readonly string[] = [
  'const all = []; for (;;) all.push(all.length + 0.5);',
  'const all = []; for (;;) all.push(new Uint8Array(4e6).fill(1));',
  'let all = [1.5]; for (;;) all = all.concat(all);',
  'const all = []; for (;;) all.push(new Array(1e4).fill(0.5));',
  'const all = new ArrayBuffer(8, { maxByteLength: 2 ** 34 }); for (;;) { all.resize(2 * all.byteLength); new Uint8Array(all).fill(1); }',
  'const all = []; for (;;) all.push(new Float64Array(state.snr.length * 1e5).fill(1));',
  'let all = "0"; const kept = []; for (;;) kept.push(Buffer.alloc(1e6, all += "1").toString());',
];

/** Lets so many such policies decide, each in a process of its own, then `best`. @returns what the controller has said of itself */
export async function decideThrough(count: number): Promise<{ events: readonly ControllerEvent[]; names: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-growing-'));
  const names = bodies.map((_, index) => join(folder, `${index}.mjs`));
  for (const [index, body] of bodies.entries()) {
    await writeFile(names[index] as string, `export const policy = (state) => { ${body} };\n`);
  }
  const events: ControllerEvent[] = [];
  const fallback = { name: 'greedy', decide: createPolicy('greedy') };
  const controller = startController({ policy: fallback, fallback, slotMs, onEvent: (event) => events.push(event) });
  const leave = joinMembers(controller);
  const until = async (isReached: (event: ControllerEvent) => boolean, from: number): Promise<void> => {
    while (!events.slice(from).some(isReached)) await sleep(20);
  };
  const opened = (turn: number): Promise<PolicyProcess> =>
    openPolicyProcess(turn < count ? (names[turn % names.length] as string) : 'best', {
      clock: machineClock,
      ...(turn < count ? { mostMemoryMb } : {}),
    });
  try {
    let next = opened(0);
    for (let turn = 0; turn <= count; turn += 1) {
      await using policy = await next;
      // One more starts meanwhile.
      if (turn < count) next = opened(turn + 1);
      const from = events.length;
      controller.setPolicy(policy, 'felt');
      if (turn < count) await until(({ kind }) => kind === 'policy-failed', from);
      await until((event) => isDecided(event) && event.policy === (turn < count ? 'greedy' : 'best'), events.length);
    }
  } finally {
    leave();
    await controller.close();
    await rm(folder, { recursive: true });
  }
  return { events, names };
}

/** Of a slot with a device that reads. */
export function isDecided(event: ControllerEvent): event is Extract<ControllerEvent, { kind: 'decided' }> {
  return event.kind === 'decided' && event.paces.length > 0;
}

/** An edge and a device that reads, without sockets. @returns lets them report no more */
function joinMembers({ accept }: RunningController): () => void {
  const connection = { send: () => {}, close: () => {} } as unknown as Connection;
  const reports = [
    { role: 'edge', id: 'a', report: edgeReport() },
    { role: 'device', id: 'one', report: deviceReport(reading(1, 'a', 20)) },
  ] as const;
  const members = reports.map(({ role, id, report }) => {
    const { frame } = accept(connection);
    frame(encodeControl({ kind: 'join', version: controlVersion, role, id, credentials: '' }));
    return (seq: number): void => frame(encodeControl({ ...report, seq }));
  });
  let seq = 0;
  const saying = setInterval(() => {
    seq += 1;
    for (const say of members) say(seq);
  }, 50);
  return () => clearInterval(saying);
}
