import { afterEach, describe, expect, it } from 'vitest';
import { edgeEnd, enforcerContract, rates, sessionAt } from './bandwidth-enforcer.contract.ts';
import type { SessionRates } from './bandwidth-enforcer.ts';
import { BandwidthStandIn, type Misbehaviour } from './bandwidth-stand-in.fixture.ts';
import { type MecBandwidthOptions, mecBandwidth } from './mec-bandwidth.ts';

const standIns: BandwidthStandIn[] = [];

async function bed(changes: Partial<MecBandwidthOptions> = {}) {
  const platform = await BandwidthStandIn.open();
  standIns.push(platform);
  const settings = { url: `${platform.url}/bwm/v1`, appInstanceId: 'outrider-1', timeoutMs: 20_000 };
  const enforcer = mecBandwidth({ ...settings, ...changes });
  const ofPort = (port: number) =>
    [...platform.allocations.values()].filter(
      ({ sessionFilter }) => (sessionFilter as { readonly sourcePort: string }[])[0]?.sourcePort === `${port}`,
    );
  const ratesOf = (port: number): SessionRates | undefined => {
    const found = ofPort(port);
    const inDirection = (direction: string) =>
      Number(found.find(({ allocationDirection }) => allocationDirection === direction)?.['fixedAllocation']);
    return found.length === 0 ? undefined : rates(inDirection('01'), inDirection('00'));
  };
  return {
    platform,
    enforcer,
    ratesOf,
    /** Two allocations a session. */
    count: () => platform.allocations.size / 2,
    fails: (isFailing: boolean) => {
      platform.misbehaviour = isFailing ? 503 : null;
    },
    close: () => platform.close(),
  };
}

afterEach(async () => {
  await Promise.all(standIns.splice(0).map((one) => one.close().catch(() => {})));
});

describe('MEC 015', () => {
  enforcerContract(bed);

  it('asks by requests that keep to the OpenAPI file: one allocation a direction, rates as text', async () => {
    const { platform, enforcer } = await bed({ token: 'secret' });
    await enforcer.set(sessionAt(1), rates(90_000.7, 150_000));
    await enforcer.set(sessionAt(1), rates(90_000.7, 150_001));
    await enforcer.release(sessionAt(1).id);
    expect(platform.faults).toEqual([]);
    expect(platform.requests.map((one) => one.replace(/a\d+$/, 'ID'))).toEqual([
      'POST /bwm/v1/bw_allocations',
      'POST /bwm/v1/bw_allocations',
      'PUT /bwm/v1/bw_allocations/ID',
      'DELETE /bwm/v1/bw_allocations/ID',
      'DELETE /bwm/v1/bw_allocations/ID',
    ]);
    expect([...platform.tokens]).toEqual(['Bearer secret']);
  });

  it('names the session by both ends', async () => {
    const { platform, enforcer } = await bed();
    await enforcer.set(sessionAt(77), rates(90_000, 150_000));
    const [uplink] = platform.allocations.values();
    expect(uplink).toEqual({
      appInsId: 'outrider-1',
      requestType: 1,
      sessionFilter: [
        { sourceIp: '198.51.100.7', sourcePort: '77', dstAddress: edgeEnd.address, dstPort: '8642', protocol: '6' },
      ],
      fixedAllocation: '90000',
      allocationDirection: '01',
    });
  });

  it.each([true, false])(
    'speaks to platforms that want the fields alone, and to those that answer by Location (%s)',
    async (onlyLocation) => {
      const { platform, enforcer, ratesOf, count } = await bed({ wrapsBody: false });
      platform.isPlain = true;
      platform.namesOnlyLocation = onlyLocation;
      await enforcer.set(sessionAt(1), rates(90_000, 150_000));
      await enforcer.set(sessionAt(1), rates(400_000, 700_000));
      expect([ratesOf(1), count(), platform.faults]).toEqual([rates(400_000, 700_000), 1, []]);
      await enforcer.close();
      expect(count()).toBe(0);
    },
  );

  it('makes a new allocation where the platform has forgotten the old one', async () => {
    const { platform, enforcer, ratesOf, count } = await bed();
    await enforcer.set(sessionAt(1), rates(90_000, 150_000));
    platform.allocations.clear();
    await enforcer.set(sessionAt(1), rates(400_000, 700_000));
    expect([ratesOf(1), count()]).toEqual([rates(400_000, 700_000), 1]);
    platform.allocations.clear();
    await enforcer.release(sessionAt(1).id);
  });

  it.each<[Misbehaviour, RegExp]>([
    ['garbage', /the answer is no JSON/],
    ['flood', /more than 65536 bytes/],
    ['drops', /POST \/bw_allocations: /],
    [400, /status 400 \(told to, misbehave badly\)/],
    [403, /status 403/],
    [500, /status 500/],
    [302, /POST \/bw_allocations: /],
    [200, /status 200/],
  ])('fails on a platform that misbehaves, and goes on after it: %s', async (how, words) => {
    const { platform, enforcer, count } = await bed();
    platform.misbehaviour = how;
    const failure = await enforcer.set(sessionAt(1), rates(90_000, 150_000)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'bandwidth-refused', message: expect.stringMatching(words) });
    expect((failure as Error).message).not.toContain('\n');
    platform.misbehaviour = null;
    await enforcer.set(sessionAt(1), rates(90_000, 150_000));
    expect(count()).toBeGreaterThanOrEqual(1);
  });

  it.each(['hangs', 'late'] as const)('waits no longer than it was told for a platform that %s', async (how) => {
    const { platform, enforcer } = await bed({ timeoutMs: 100 });
    platform.misbehaviour = how;
    await expect(enforcer.set(sessionAt(1), rates(90_000, 150_000))).rejects.toThrow('no answer in 100 ms');
  });

  it('follows no redirect: another server would get the token', async () => {
    const { platform, enforcer } = await bed({ token: 'secret' });
    const other = await bed();
    platform.misbehaviour = 307;
    platform.pointsTo = `${other.platform.url}/bwm/v1/bw_allocations`;
    await expect(enforcer.set(sessionAt(1), rates(90_000, 150_000))).rejects.toMatchObject({
      code: 'bandwidth-refused',
    });
    expect(other.platform.requests).toEqual([]);
  });

  it.each<[string, Partial<MecBandwidthOptions>, string]>([
    ['no address', { url: 'platform' }, 'no http'],
    ['a user in the address', { url: 'https://user@host/bwm/v1' }, 'no http'],
    ['a token in clear', { url: 'http://192.0.2.1/bwm/v1', token: 'secret' }, 'in clear'],
    ['no time', { timeoutMs: 0 }, 'timeoutMs is 0'],
    ['an unknown option', { wraps: true } as object, 'no option "wraps"'],
  ])('refuses %s', (_, changes, words) => {
    const settings = { url: 'https://platform.example/bwm/v1', appInstanceId: 'a' };
    expect(() => mecBandwidth({ ...settings, ...changes })).toThrow(words);
  });
});
