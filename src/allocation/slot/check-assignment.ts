// Checks an assignment: shapes, numbers, sums, reachable servers. Reports the first device or server that breaks a rule. Knows no costs.

import { fail } from './check-state.ts';
import { eligibleLinks, findLink, isEligible } from './links.ts';
import type { Assignment, SlotState } from './slot-state.ts';

export const assignmentFields = ['server', 'bandwidthShare', 'computeShare'] as const;
/** Room for rounding in the sum of a server's shares. */
const sumTolerance = 1e-9;

/** @throws OutriderError `bad-argument`: device or server, field, value, allowed values */
export function checkAssignment(state: SlotState, assignment: Assignment): void {
  for (const field of assignmentFields) {
    const { length } = assignment[field];
    if (length !== state.deviceCount)
      fail(`${field} has ${length} entries`, `${state.deviceCount}, one for each device`);
  }
  const bandSum = new Float64Array(state.serverCount);
  const computeSum = new Float64Array(state.serverCount);
  for (let device = 0; device < state.deviceCount; device++) {
    const server = assignment.server[device] as number;
    const y = assignment.bandwidthShare[device] as number;
    const z = assignment.computeShare[device] as number;
    checkServer(state, device, server);
    checkShare(device, 'bandwidthShare', y, server < 0 ? 0 : 1);
    checkShare(device, 'computeShare', z, server < 0 ? 0 : 1);
    if (server < 0) continue;
    bandSum[server] = (bandSum[server] as number) + y;
    computeSum[server] = (computeSum[server] as number) + z;
  }
  for (let server = 0; server < state.serverCount; server++) {
    checkSum(server, 'bandwidthShare', bandSum[server] as number);
    checkSum(server, 'computeShare', computeSum[server] as number);
  }
}

function checkServer(state: SlotState, device: number, server: number): void {
  if (!Number.isInteger(server) || server < -1 || server >= state.serverCount) {
    const range = `0 to ${state.serverCount - 1}`;
    fail(`device ${device}: server is ${server}`, `${range}, or -1 when no server can be reached`);
  }
  if (server === -1) {
    if (eligibleLinks(state, device).length > 0)
      fail(`device ${device}: server is -1`, 'a server: it can reach at least one');
    return;
  }
  const link = findLink(state, device, server);
  if (link < 0) fail(`device ${device}: server is ${server}`, 'one of its candidates');
  if (!isEligible(state, link)) {
    fail(
      `device ${device}: server is ${server}, whose SNR is ${state.snr[link]}`,
      `servers at or above an SNR of ${state.objective.minimumSnr}`,
    );
  }
}

function checkShare(device: number, field: string, share: number, most: number): void {
  if (share >= 0 && share <= most + sumTolerance) return;
  fail(`device ${device}: ${field} is ${share}`, most === 0 ? '0: it is not served' : 'a number from 0 to 1');
}

function checkSum(server: number, field: string, sum: number): void {
  if (sum > 1 + sumTolerance) fail(`server ${server}: its ${field}s add up to ${sum}`, 'at most 1');
}
