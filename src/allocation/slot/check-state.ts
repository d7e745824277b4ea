// Checks a state before a policy decides it: shapes, and the range of every number. A device may reach no server (it is then not
// served); a band, speed or battery of 0 is refused. Reports device, server or link, field, value and the allowed values.

import { badArgument } from '../../core/basics/errors.ts';
import type { PaceState } from './pace-state.ts';
import type { HandoverState, ObjectiveSettings, Outlook, SlotState } from './slot-state.ts';

type Rule = readonly [isAllowed: (value: number) => boolean, allowed: string];

const ranges = {
  any: [Number.isFinite, 'a number'],
  positive: [(value: number) => value > 0 && Number.isFinite(value), 'a number above 0'],
  notNegative: [(value: number) => value >= 0 && Number.isFinite(value), 'a number from 0'],
  share: [(value: number) => value > 0 && value <= 1, 'above 0, up to 1'],
  chance: [(value: number) => value >= 0 && value <= 1, 'a number from 0 to 1'],
  fromOne: [(value: number) => value >= 1 && Number.isFinite(value), 'a number from 1'],
  positiveOrInfinite: [(value: number) => value > 0, 'above 0'],
} as const satisfies Record<string, Rule>;
type RangeName = keyof typeof ranges;

/** The lists of a slot with an entry for each device, and their ranges. */
export const deviceRules = {
  payloadBits: 'notNegative',
  deviceFlop: 'notNegative',
  edgeFlop: 'notNegative',
  deviceFlopPerSecond: 'positive',
  transmitPowerW: 'positive',
  battery: 'share',
  deviceX: 'any',
  deviceY: 'any',
} as const;

/** The same for each server. */
export const serverRules = {
  serverFlopPerSecond: 'positive',
  bandwidthHz: 'positive',
  queueDelayMs: 'notNegative',
  serverX: 'any',
  serverY: 'any',
} as const;

/** The same for each link. */
export const linkRules = { gain: 'notNegative', snr: 'notNegative' } as const;
/** The lists of a handover for each device. */
export const handoverRules = { textFlop: 'notNegative', transferMs: 'notNegative' } as const;

const objectiveRules = {
  lambdaPerMs: 'notNegative',
  energyWeight: 'notNegative',
  computeEnergyPerFlop: 'notNegative',
  transmitEnergyFactor: 'notNegative',
  minimumSnr: 'positive',
} as const satisfies Partial<Record<keyof ObjectiveSettings, RangeName>>;

/** @throws OutriderError `bad-argument` */
export function checkState(state: SlotState): void {
  const { deviceCount, serverCount, objective } = state;
  for (const [name, count] of Object.entries({ deviceCount, serverCount })) {
    if (!Number.isInteger(count) || count < 1) fail(`${name} is ${count}`, 'a whole number from 1');
  }
  if (!(state.slotMs > 0)) fail(`slotMs is ${state.slotMs}`, 'a number above 0');
  for (const [field, rule] of Object.entries(objectiveRules)) {
    checkNumber('objective', field, objective[field as keyof typeof objectiveRules], ranges[rule]);
  }
  const { firstTokenWeight = 1 } = objective;
  checkNumber('objective', 'firstTokenWeight', firstTokenWeight, ranges.fromOne);
  checkLists('device', state, deviceCount, deviceRules);
  checkLists('server', state, serverCount, serverRules);
  const server: Rule = [(value) => Number.isInteger(value) && value >= -1 && value < serverCount, 'a server, or -1'];
  checkList('device', 'previousServer', state.previousServer, deviceCount, server);
  if (state.pace !== undefined) checkPace(state.pace, deviceCount, serverCount, server);
  if (state.handover !== undefined) checkHandover(state.handover, deviceCount, serverCount, server);
  if (state.outlook !== undefined) checkOutlook(state.outlook, deviceCount, serverCount);
  const links = checkCandidates(state);
  checkLists('link', state, links, linkRules);
  const roundTrips = state.pace?.linkRoundTripMs;
  if (roundTrips !== undefined) checkList('link', 'pace.linkRoundTripMs', roundTrips, links, ranges.notNegative);
}

/** The lists of a pace for each device, and for each server. */
export const paceDeviceRules = {
  draftMs: 'positive',
  acceptance: 'chance',
  promptTokens: 'notNegative',
  promptTokensDone: 'notNegative',
  answerTokens: 'fromOne',
  textTokens: 'notNegative',
  promptBits: 'notNegative',
  frameBits: 'notNegative',
  draftFlop: 'notNegative',
} as const;
export const paceServerRules = { stepFixedMs: 'positive', stepRowMs: 'positive' } as const;

function checkPace(pace: PaceState, deviceCount: number, serverCount: number, server: Rule): void {
  checkLists('device', pace, deviceCount, paceDeviceRules);
  checkList('device', 'textServer', pace.textServer, deviceCount, server);
  checkLists('server', pace, serverCount, paceServerRules);
  checkNumber('pace', 'roundTripMs', pace.roundTripMs, ranges.notNegative);
  checkNumber('pace', 'maxAhead', pace.maxAhead, ranges.positive);
}

function checkHandover(handover: HandoverState, deviceCount: number, serverCount: number, server: Rule): void {
  checkList('device', 'textServer', handover.textServer, deviceCount, server);
  checkLists('device', handover, deviceCount, handoverRules);
  checkList('server', 'textFlopPerSecond', handover.textFlopPerSecond, serverCount, ranges.positive);
}

function checkOutlook(outlook: Outlook, deviceCount: number, serverCount: number): void {
  const { gainAgeSlots, deviceX, deviceY, backlogMs, kappaMs, batteryJ } = outlook;
  checkNumber('outlook', 'gainAgeSlots', gainAgeSlots, [(age) => Number.isInteger(age) && age >= 0, 'a number from 0']);
  checkNumber('outlook', 'kappaMs', kappaMs, ranges.notNegative);
  for (const [field, places] of Object.entries({ deviceX, deviceY })) {
    if (places.length <= gainAgeSlots)
      fail(`outlook.${field} has ${places.length} slots`, `more than gainAgeSlots, ${gainAgeSlots}`);
    for (const place of places) checkList('device', `outlook.${field}`, place, deviceCount, ranges.any);
  }
  checkList('server', 'backlogMs', backlogMs, serverCount, ranges.notNegative);
  checkList('device', 'batteryJ', batteryJ, deviceCount, ranges.positiveOrInfinite);
}

/** @returns the number of links */
function checkCandidates({ candidates, deviceCount, serverCount }: SlotState): number {
  if (candidates === undefined) return deviceCount * serverCount;
  const { start, server } = candidates;
  if (start.length !== deviceCount + 1 || start[0] !== 0 || start[deviceCount] !== server.length) {
    fail(
      `candidates.start has ${start.length} entries, from ${start[0]}`,
      `${deviceCount + 1}, from 0 to the number of links`,
    );
  }
  for (let device = 0; device < deviceCount; device++) {
    const first = start[device] as number;
    const end = start[device + 1] as number;
    if (end < first)
      fail(`device ${device}: candidates.start falls from ${first} to ${end}`, 'numbers that do not fall');
    for (let link = first; link < end; link++) {
      const one = server[link] as number;
      if (one >= 0 && one < serverCount && (link === first || one > (server[link - 1] as number))) continue;
      fail(`device ${device}: a candidate is ${one}`, `servers from 0 to ${serverCount - 1}, growing`);
    }
  }
  return server.length;
}

function checkLists<Field extends string>(
  kind: string,
  lists: Readonly<Record<NoInfer<Field>, ArrayLike<number>>>,
  length: number,
  rules: Readonly<Record<Field, RangeName>>,
): void {
  for (const field of Object.keys(rules) as Field[]) checkList(kind, field, lists[field], length, ranges[rules[field]]);
}

function checkList(kind: string, field: string, values: ArrayLike<number>, length: number, rule: Rule): void {
  if (values.length !== length) fail(`${field} has ${values.length} entries`, `${length}, one for each ${kind}`);
  for (let index = 0; index < length; index++) checkNumber(`${kind} ${index}`, field, values[index] as number, rule);
}

function checkNumber(where: string, field: string, value: number, [isAllowed, allowed]: Rule): void {
  if (!isAllowed(value)) fail(`${where}: ${field} is ${value}`, allowed);
}

/** @throws OutriderError `bad-argument` */
export function fail(found: string, allowed: string): never {
  throw badArgument(found, `Allowed: ${allowed}.`);
}
