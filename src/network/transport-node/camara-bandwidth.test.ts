import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../transport/manual-clock.contract.ts';
import { enforcerContract, rates, sessionAt } from './bandwidth-enforcer.contract.ts';
import {
  BandwidthStandIn,
  type KeptSession,
  type Misbehaviour,
  offeredProfiles,
} from './bandwidth-stand-in.fixture.ts';
import { type CamaraBandwidthOptions, camaraBandwidth } from './camara-bandwidth.ts';
import { fittingProfile, readProfiles } from './camara-profiles.ts';

const standIns: BandwidthStandIn[] = [];

async function bed(changes: Partial<CamaraBandwidthOptions> = {}) {
  const operator = await BandwidthStandIn.open();
  standIns.push(operator);
  const clock = createManualClock();
  const enforcer = camaraBandwidth({
    url: `${operator.url}/quality-on-demand/v1`,
    profilesUrl: `${operator.url}/qos-profiles/v1`,
    timeoutMs: 20_000,
    clock,
    ...changes,
  });
  const sessionOf = (port: number): KeptSession | undefined =>
    [...operator.sessions.values()].find(({ device }) => JSON.stringify(device).includes(`"publicPort":${port}}`));
  return {
    operator,
    enforcer,
    clock,
    sessionOf,
    ratesOf: (port: number) => {
      const profile = readProfiles(offeredProfiles).find(({ name }) => name === sessionOf(port)?.qosProfile);
      return profile === undefined ? undefined : rates(profile.uplinkBitsPerSecond, profile.downlinkBitsPerSecond);
    },
    count: () => operator.sessions.size,
    fails: (isFailing: boolean) => {
      operator.misbehaviour = isFailing ? 503 : null;
    },
    close: () => operator.close(),
  };
}

afterEach(async () => {
  await Promise.all(standIns.splice(0).map((one) => one.close().catch(() => {})));
});

const small = rates(90_000, 150_000);

describe('CAMARA quality on demand', () => {
  enforcerContract(bed);

  it('asks by requests that keep to the OpenAPI files, and names the device by its public address', async () => {
    const { operator, enforcer, sessionOf } = await bed({ token: 'secret' });
    await enforcer.set(sessionAt(7), small);
    expect(sessionOf(7)?.device).toEqual({ ipv4Address: { publicAddress: '198.51.100.7', publicPort: 7 } });
    const device = { address: '2001:db8::7', port: 9 };
    await enforcer.set({ ...sessionAt(9), device, edge: { address: '2001:db8::1', port: 8642 } }, small);
    expect([...operator.sessions.values()].at(-1)?.device).toEqual({ ipv6Address: '2001:db8::7' });
    await enforcer.close();
    expect(operator.faults).toEqual([]);
    expect([...operator.tokens]).toEqual(['Bearer secret']);
    expect(operator.requests.filter((one) => one.includes('profiles'))).toHaveLength(1);
  });

  it('asks for nothing while a session will do, extends it in time, and replaces it where it can last no longer', async () => {
    const { operator, enforcer, clock, sessionOf } = await bed();
    await enforcer.set(sessionAt(1), small);
    const first = sessionOf(1)?.sessionId;
    const before = operator.requests.length;
    for (let second = 1; second <= 9; second += 1) {
      clock.moveTo(second * 1000);
      await enforcer.set(sessionAt(1), rates(90_000 + second, 150_000));
    }
    expect(operator.requests).toHaveLength(before);
    clock.moveTo(65_000);
    await enforcer.set(sessionAt(1), small);
    expect(sessionOf(1)).toMatchObject({ sessionId: first, duration: 240 });
    clock.moveTo(200_000);
    await enforcer.set(sessionAt(1), small);
    // The profile allows five minutes.
    expect(sessionOf(1)).toMatchObject({ sessionId: first, duration: 300 });
    clock.moveTo(299_500);
    await enforcer.set(sessionAt(1), small);
    expect(sessionOf(1)).toMatchObject({ duration: 120 });
    expect(sessionOf(1)?.sessionId).not.toBe(first);
  });

  it('makes a new one where the network has ended the session, or has forgotten it', async () => {
    const { enforcer, clock, sessionOf, operator, count } = await bed();
    await enforcer.set(sessionAt(1), small);
    const first = sessionOf(1) as KeptSession;
    first.qosStatus = 'UNAVAILABLE';
    clock.moveTo(11_000);
    await enforcer.set(sessionAt(1), small);
    expect(sessionOf(1)?.sessionId).not.toBe(first.sessionId);
    operator.sessions.clear();
    clock.moveTo(22_000);
    await enforcer.set(sessionAt(1), small);
    expect(count()).toBe(1);
    clock.moveTo(900_000);
    operator.sessions.clear();
    await enforcer.set(sessionAt(1), small);
    expect(count()).toBe(1);
  });

  it('waits for a session that is only requested, and gives up one that the network cannot give', async () => {
    const { enforcer, operator, sessionOf, count } = await bed();
    operator.newStatus = 'REQUESTED';
    await enforcer.set(sessionAt(1), small);
    await enforcer.set(sessionAt(1), small);
    expect(operator.requests.at(-1)).toMatch(/^GET/);
    (sessionOf(1) as KeptSession).qosStatus = 'AVAILABLE';
    await enforcer.set(sessionAt(1), small);
    const before = operator.requests.length;
    await enforcer.set(sessionAt(1), small);
    expect(operator.requests).toHaveLength(before);
    operator.newStatus = 'UNAVAILABLE';
    await expect(enforcer.set(sessionAt(2), small)).rejects.toThrow('cannot give the profile QOS_S');
    expect(count()).toBe(1);
  });

  it('asks for the profiles again where one is not offered any more', async () => {
    const { enforcer, operator, ratesOf } = await bed();
    await enforcer.set(sessionAt(1), small);
    operator.profiles = offeredProfiles.filter(({ name }) => name !== 'QOS_M');
    await expect(enforcer.set(sessionAt(2), rates(400_000, 700_000))).rejects.toThrow('QOS_PROFILE_NOT_APPLICABLE');
    await enforcer.set(sessionAt(2), rates(400_000, 700_000));
    expect(ratesOf(2)).toEqual(rates(1e7, 2e7));
    operator.profiles = [];
  });

  it('fails where no profile has rates, and tells of a conflict with a session of others', async () => {
    const none = await bed();
    none.operator.profiles = [{ name: 'voice', status: 'ACTIVE' }];
    await expect(none.enforcer.set(sessionAt(1), small)).rejects.toThrow('no active QoS profile');
    const other = await bed();
    await other.enforcer.set(sessionAt(1), small);
    await expect(other.enforcer.set({ ...sessionAt(1), id: 'another' }, small)).rejects.toThrow('CONFLICT');
  });

  it.each<[Misbehaviour, RegExp]>([
    ['garbage', /no JSON/],
    ['flood', /more than 65536 bytes/],
    [429, /status 429/],
    [500, /status 500/],
  ])('fails on an operator that misbehaves, and goes on after it: %s', async (how, words) => {
    const { operator, enforcer, count } = await bed();
    operator.misbehaviour = how;
    await expect(enforcer.set(sessionAt(1), small)).rejects.toThrow(words);
    operator.misbehaviour = null;
    await enforcer.set(sessionAt(1), small);
    operator.misbehaviour = how;
    await expect(enforcer.set(sessionAt(1), rates(400_000, 700_000))).rejects.toThrow(words);
    operator.misbehaviour = null;
    await enforcer.close();
    expect(count()).toBe(0);
  });
});

describe('an operator that does not answer', () => {
  it.each(['hangs', 'late'] as const)('is waited for no longer than was told: %s', async (how) => {
    const { operator, enforcer } = await bed({ timeoutMs: 100 });
    operator.misbehaviour = how;
    await expect(enforcer.set(sessionAt(1), small)).rejects.toThrow('no answer in 100 ms');
  });
});

describe('QoS profiles', () => {
  const read = readProfiles(offeredProfiles);

  it('are read with their units; what is not active, or names no rates, is left out', () => {
    expect(read.map(({ name }) => name)).toEqual(['QOS_S', 'QOS_M', 'QOS_L']);
    expect(read[2]).toEqual({ name: 'QOS_L', ...rates(1e7, 2e7), leastSeconds: 1, mostSeconds: 3600 });
  });

  it.each([
    ['the smallest that gives both', rates(100_000, 200_000), 'QOS_S'],
    ['the next one for a bit more', rates(100_001, 200_000), 'QOS_M'],
    ['as one direction needs it', rates(1000, 700_000), 'QOS_M'],
    ['the nearest where none gives both', rates(5e7, 1000), 'QOS_L'],
  ])('are taken: %s', (_, wanted, name) => {
    expect(fittingProfile(read, wanted)?.name).toBe(name);
  });

  it('take a maximum where no target minimum is named', () => {
    const [one] = readProfiles([
      {
        name: 'MAX',
        status: 'ACTIVE',
        maxUpstreamRate: { value: 2, unit: 'Mbps' },
        maxDownstreamRate: { value: 1, unit: 'Gbps' },
      },
    ]);
    expect(one).toMatchObject(rates(2e6, 1e9));
  });

  it.each([
    [null],
    [{}],
    ['profiles'],
    [[null, 5, {}]],
    [[{ ...offeredProfiles[0], name: 'a/../b' }]],
    [[{ ...offeredProfiles[0], targetMinUpstreamRate: { value: -1, unit: 'kbps' } }]],
    [[{ ...offeredProfiles[0], targetMinUpstreamRate: { value: 0, unit: 'kbps' } }]],
    [[{ ...offeredProfiles[0], targetMinUpstreamRate: { value: 1, unit: 'constructor' } }]],
    [[{ ...offeredProfiles[0], targetMinUpstreamRate: { value: Number.NaN, unit: 'kbps' } }]],
    [[{ ...offeredProfiles[0], minDuration: { value: 2, unit: 'Days' } }]],
  ])('that are none are left out: %j', (body) => {
    expect(readProfiles(body)).toEqual([]);
    expect(fittingProfile([], rates(1, 1))).toBeUndefined();
  });
});
