// The contract of every bandwidth enforcer, as a test suite; the test file of each one runs it.

import { afterEach, describe, expect, it } from 'vitest';
import type { BandwidthEnforcer, BandwidthSession, SessionRates } from './bandwidth-enforcer.ts';

export interface EnforcerBed {
  readonly enforcer: BandwidthEnforcer;
  /** What the network holds for the session with this device port. */
  ratesOf(devicePort: number): SessionRates | undefined;
  /** How many sessions have a bandwidth. */
  count(): number;
  /** From now on, or no longer, everything that is asked of the network fails. */
  fails(isFailing: boolean): void;
  close(): Promise<void>;
}

export const edgeEnd = { address: '192.0.2.1', port: 8642 } as const;

export function sessionAt(port: number): BandwidthSession {
  return { id: port.toString(16).padStart(32, '0'), device: { address: '198.51.100.7', port }, edge: edgeEnd };
}

export function rates(up: number, down: number): SessionRates {
  return { uplinkBitsPerSecond: up, downlinkBitsPerSecond: down };
}

const refused = expect.objectContaining({ code: 'bandwidth-refused' });
const wrong = expect.objectContaining({ code: 'bad-argument' });

export function enforcerContract(open: () => Promise<EnforcerBed>): void {
  let bed: EnforcerBed | undefined;
  const start = async (): Promise<EnforcerBed> => {
    bed = await open();
    return bed;
  };
  afterEach(async () => {
    await bed?.close();
    bed = undefined;
  });

  describe('the contract of an enforcer', () => {
    it('sets what it says that it has set, and no less than was asked for', async () => {
      const { enforcer, ratesOf } = await start();
      const set = await enforcer.set(sessionAt(1), rates(90_000, 150_000));
      expect(ratesOf(1)).toEqual(set);
      expect(set.uplinkBitsPerSecond).toBeGreaterThanOrEqual(90_000);
      expect(set.downlinkBitsPerSecond).toBeGreaterThanOrEqual(150_000);
    });

    it('puts new rates in the place of the old ones, and keeps sessions apart', async () => {
      const { enforcer, ratesOf, count } = await start();
      await enforcer.set(sessionAt(1), rates(90_000, 150_000));
      const other = await enforcer.set(sessionAt(2), rates(90_000, 150_000));
      const set = await enforcer.set(sessionAt(1), rates(400_000, 700_000));
      expect(set.uplinkBitsPerSecond).toBeGreaterThanOrEqual(400_000);
      expect([ratesOf(1), ratesOf(2), count()]).toEqual([set, other, 2]);
    });

    it('runs the calls for a session in order: the last one holds', async () => {
      const { enforcer, ratesOf, count } = await start();
      const asked = [rates(90_000, 150_000), rates(400_000, 700_000), rates(80_000, 90_000)];
      const set = await Promise.all(asked.map((one) => enforcer.set(sessionAt(1), one)));
      expect([ratesOf(1), count()]).toEqual([set[2], 1]);
    });

    it('releases a session, once, and one that it does not have without effect', async () => {
      const { enforcer, ratesOf, count } = await start();
      await enforcer.set(sessionAt(1), rates(90_000, 150_000));
      await enforcer.set(sessionAt(2), rates(90_000, 150_000));
      await enforcer.release(sessionAt(1).id);
      await enforcer.release(sessionAt(1).id);
      await enforcer.release(sessionAt(9).id);
      expect([ratesOf(1), count()]).toEqual([undefined, 1]);
      await enforcer.close();
      expect(count()).toBe(0);
    });

    it('fails by `bandwidth-refused` while the network fails, and works again afterwards', async () => {
      const { enforcer, ratesOf, count, fails } = await start();
      await enforcer.set(sessionAt(1), rates(90_000, 150_000));
      fails(true);
      await expect(enforcer.set(sessionAt(1), rates(400_000, 700_000))).rejects.toEqual(refused);
      await expect(enforcer.set(sessionAt(2), rates(400_000, 700_000))).rejects.toEqual(refused);
      fails(false);
      const set = await enforcer.set(sessionAt(1), rates(400_000, 700_000));
      expect(ratesOf(1)).toEqual(set);
      await enforcer.close();
      expect(count()).toBe(0);
    });

    it.each<[string, unknown, unknown]>([
      ['no rate', sessionAt(1), rates(0, 1000)],
      ['a rate below zero', sessionAt(1), rates(1000, -1)],
      ['a rate that is no number', sessionAt(1), rates(Number.NaN, 1000)],
      ['an endless rate', sessionAt(1), rates(1000, Number.POSITIVE_INFINITY)],
      ['one direction only', sessionAt(1), { uplinkBitsPerSecond: 1000 }],
      [
        'a name in place of an address',
        { ...sessionAt(1), device: { address: 'phone.example', port: 1 } },
        rates(1, 1),
      ],
      ['port 0', sessionAt(0), rates(1000, 1000)],
      ['no session', undefined, rates(1000, 1000)],
    ])('refuses %s, and asks the network for nothing', async (_, session, wanted) => {
      const { enforcer, count } = await start();
      await expect(enforcer.set(session as BandwidthSession, wanted as SessionRates)).rejects.toEqual(wrong);
      expect(count()).toBe(0);
    });
  });
}
