import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkAssignment } from '../../src/allocation/slot/check-assignment.ts';
import { describeDecision } from '../../src/allocation/slot/describe-decision.ts';
import { readState } from '../../src/allocation/slot/slot-json.ts';
import { exampleState } from '../../src/allocation/slot/slot-json-example.ts';
import { findPolicy } from '../../src/files/policy-file.ts';
import { assignmentMap } from '../charts/assignment-map.ts';
import { createPolicy, policyList } from '../policies/policies.ts';

const device = {
  payloadBits: 1e5,
  deviceFlop: 1e11,
  edgeFlop: 1e11,
  deviceFlopPerSecond: 1e12,
  transmitPowerW: 0.1,
  gain: [1e-10, 1e-11],
};
const server = { flopPerSecond: 1e13, bandwidthHz: 1e6 };

function textOf(devices: readonly object[], servers: readonly object[], more: object = {}): string {
  return JSON.stringify({ devices, servers, ...more });
}

it('every policy with a name stands in the table of docs/research/allocation.md', () => {
  const table = readFileSync('docs/research/allocation.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  for (const { name } of policyList) expect(table.map((line) => line.split('|')[1]).join()).toContain(`\`${name}\``);
});

it('a misspelt policy is refused with the nearest name', async () => {
  await expect(findPolicy('max-snr')).rejects.toMatchObject({
    remedy: expect.stringContaining('Did you mean max-sinr?'),
  });
});

describe('readState', () => {
  it('fills in what is left out', () => {
    const state = readState(textOf([device], [server, server]), 'x');
    expect(state.objective).toMatchObject({ lambdaPerMs: 0.01, energyModel: 'band', radioModel: 'fixed-snr' });
    expect([...state.battery]).toEqual([1]);
    expect(state.snr[0]).toBeCloseTo((0.1 * 1e-10) / (10 ** -20.4 * 1e6), 6);
  });

  it('reads its own example', () => {
    const state = readState(exampleState(10, 3, 1), 'example');
    const assignment = createPolicy('best')(state);
    checkAssignment(state, assignment);
    const { rows, summary } = describeDecision(state, assignment, true);
    expect(rows).toHaveLength(10);
    expect(summary.unservedCount).toBe(0);
    expect(summary['dualGap']).toBeLessThan(0.02);
    expect(summary['costMs']).toBeGreaterThanOrEqual(summary['dualBoundMs'] as number);
  });

  it.each<[string, RegExp, string]>([
    ['no JSON', /is not JSON/, '{'],
    ['an unknown field', /Unrecognized key/, textOf([device], [server, server], { colour: 1 })],
    ['a word for a number', /devices.0.battery/, textOf([{ ...device, battery: 'full' }], [server, server])],
    [
      'NaN, which JSON writes as null',
      /devices.0.payloadBits/,
      textOf([{ ...device, payloadBits: Number.NaN }], [server]),
    ],
    ['a negative gain', /link 1: gain is -1/, textOf([{ ...device, gain: [1, -1] }], [server, server])],
    ['no bandwidth', /server 1: bandwidthHz is 0/, textOf([device], [server, { ...server, bandwidthHz: 0 }])],
    ['an empty battery', /device 0: battery is 0/, textOf([{ ...device, battery: 0 }], [server, server])],
    ['too few gains', /device 0: gain has 2 entries/, textOf([device], [server])],
    [
      'a server before that is none',
      /device 0: previousServer is 2/,
      textOf([{ ...device, previousServer: 2 }], [server, server]),
    ],
    ['a text on no server', /device 0: textServer is 5/, textOf([{ ...device, textServer: 5 }], [server, server])],
    ['no device', /deviceCount is 0/, textOf([], [server])],
    ['no server', /serverCount is 0/, textOf([{ ...device, gain: [] }], [])],
    ['no noise', /noiseWattPerHz is 0/, textOf([device], [server, server], { noiseWattPerHz: 0 })],
  ])('refuses %s', (_, message, text) => {
    expect(() => readState(text, 'x')).toThrow(message);
  });

  it('lets a device reach nobody', () => {
    const state = readState(textOf([device, { ...device, gain: [null, 0] }], [server, server]), 'x');
    const assignment = createPolicy('best')(state);
    expect([...assignment.server]).toEqual([0, -1]);
    expect(describeDecision(state, assignment, false).summary.unservedCount).toBe(1);
  });

  it('asks for places where something decides by them', async () => {
    const [near, far] = [{ x: 1, y: 2 }, { x: 3 }];
    const read = (...places: [object, object]) =>
      readState(textOf([{ ...device, gain: [1e-10], ...places[0] }], [{ ...server, ...places[1] }]), 'x', 'policy p');
    expect(() => read({}, near)).toThrow(/device 0 has no place, and policy p needs one/);
    expect(() => read(near, far)).toThrow(/server 0 has no place/);
    expect([...read(near, near).deviceY]).toEqual([2]);
    const needsPlaces = async (name: string) => (await findPolicy(name)).needsPlaces;
    const trained = ['tma-masac', 'masac-association@munich', 'masac:weights/paper/tma-masac.safetensors'];
    expect(await Promise.all([...trained, 'look-ahead+optimal'].map(needsPlaces))).toEqual(Array(4).fill(true));
    expect(await Promise.all(['best', 'tma+equal'].map(needsPlaces))).toEqual([false, false]);
  });

  it('names trained policies too when there is no such policy', async () => {
    await expect(findPolicy('tma-masca')).rejects.toMatchObject({ remedy: expect.stringContaining('tma-masac, ') });
    await expect(findPolicy('tma-masac+optimal')).rejects.toMatchObject({
      remedy: expect.stringContaining('without such an ending: tma-masac'),
    });
  });

  it('charges moving a text, and keeps it where that is more expensive', () => {
    const held = { ...device, gain: [1e-10, 1.1e-10], textServer: 0, textFlop: 2e12 };
    const state = readState(textOf([held], [server, { ...server, textFlopPerSecond: 1e12 }]), 'x');
    expect([...createPolicy('best')(state).server]).toEqual([0]);
    expect([...createPolicy('best-blind')(state).server]).toEqual([1]);
    const { rows } = describeDecision(state, createPolicy('best-blind')(state), false);
    expect(rows[0]).toMatchObject({ handoverMs: 2000 });
  });

  it('has no bound, and says none, without lambda', () => {
    const state = readState(textOf([device], [server, server], { objective: { lambdaPerMs: 0 } }), 'x');
    expect(() => createPolicy('best')(state)).toThrow(/lambda is 0/);
    const { summary } = describeDecision(state, createPolicy('max-sinr')(state), true);
    expect(summary).not.toHaveProperty('poolBoundMs');
  });
});

describe('assignmentMap', () => {
  it('has a line for each device, also for one that nobody serves', () => {
    const state = readState(textOf([device, { ...device, gain: [null, null] }], [server, server]), 'x');
    const map = assignmentMap(state, createPolicy('best')(state), { title: '', subtitle: [] });
    expect(map).toMatchObject({ layer: { 1: { data: { values: [{}, {}] } } } });
  });
});
