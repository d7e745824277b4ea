// Policies that a test writes into files, in processes of a controller.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { PolicyFailure } from '../allocation/slot/remote-policy.ts';
import type { Assignment, SlotState } from '../allocation/slot/slot-state.ts';
import { syntheticSlot } from '../allocation/slot/synthetic-slot.ts';
import { machineClock } from '../network/transport/machine-clock.ts';
import { openPolicyProcess, type PolicyProcess, type PolicyProcessOptions } from './policy-process.ts';

export const state: SlotState = syntheticSlot({ deviceCount: 6, serverCount: 2, seed: 3, sideM: 100 });
export const patientMs = 15_000;
let folder = '';
export const open: PolicyProcess[] = [];

/** Called once in a test file. */
export function keepPolicies(): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outrider-policies-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    for (const policy of open.splice(0)) await policy[Symbol.asyncDispose]();
  });
}

let files = 0;
/** @param body of a function of a slot state; `calls` counts them @param top of the module, before it */
export async function policyFile(body: string, top = ''): Promise<string> {
  files += 1;
  const file = join(folder, `policy-${files}.ts`);
  const all = `const all = (state: any, value: number) => new Float64Array(state.deviceCount).fill(value);
const good = (state: any) => ({ server: all(state, -1).map((_, device) => best(state, device)),
  bandwidthShare: all(state, 1 / state.deviceCount), computeShare: all(state, 1 / state.deviceCount) });
const best = (state: any, device: number) => {
  const row = [...state.snr.slice(device * state.serverCount, (device + 1) * state.serverCount)];
  return row.indexOf(Math.max(...row));
};`;
  const source = `${all}\n${top}\nlet calls = 0;\nexport function policy(state: any): any { calls += 1; ${body} }\n`;
  await writeFile(file, source);
  return file;
}

export async function policyOf(
  body: string,
  options: Partial<PolicyProcessOptions> = {},
  top = '',
): Promise<PolicyProcess> {
  const policy = await openPolicyProcess(await policyFile(body, top), { clock: machineClock, ...options });
  open.push(policy);
  return policy;
}

/** Code that uses the processor for so long, whoever else uses it. */
export const works = (ms: number): string =>
  `const used = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
  const until = used() + ${ms}; while (used() < until);`;

export async function failureOf(policy: PolicyProcess, limitMs: number = patientMs): Promise<PolicyFailure> {
  const asked = policy.ask(state, limitMs);
  if (asked === null) throw new Error('it can not be asked');
  return await asked.then(
    () => {
      throw new Error('it has decided');
    },
    (failure: PolicyFailure) => failure,
  );
}

/** Asks until it can be asked. */
export async function whenBack(policy: PolicyProcess, limitMs: number = patientMs): Promise<Assignment> {
  for (;;) {
    const asked = policy.ask(state, limitMs);
    if (asked !== null) return asked;
    await sleep(20);
  }
}
