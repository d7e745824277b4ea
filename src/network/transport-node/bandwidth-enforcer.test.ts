import { describe, expect, it } from 'vitest';
import { enforcerContract, rates, sessionAt } from './bandwidth-enforcer.contract.ts';
import { pacedBandwidth } from './bandwidth-enforcer.ts';

/** An edge and devices that know all sessions, unless they are set to fail. */
function ends() {
  const held = { up: new Map<string, number>(), down: new Map<string, number>() };
  let isFailing = false;
  const setIn = (map: Map<string, number>, session: string, rate: number | null): boolean => {
    if (isFailing) return false;
    if (rate === null) map.delete(session);
    else map.set(session, rate);
    return true;
  };
  const enforcer = pacedBandwidth({
    setDownlink: (session, rate) => setIn(held.down, session, rate),
    setUplink: async (session, rate) => setIn(held.up, session, rate),
  });
  const ratesOf = (port: number) => {
    const { id } = sessionAt(port);
    return held.up.has(id) ? rates(held.up.get(id) as number, held.down.get(id) as number) : undefined;
  };
  return {
    enforcer,
    ratesOf,
    count: () => held.up.size,
    fails: (failing: boolean) => {
      isFailing = failing;
    },
    close: async () => {},
  };
}

describe('our own pacing', () => {
  enforcerContract(async () => ends());

  it('tells nobody to release a session that was never set', async () => {
    const asked: string[] = [];
    const ask = (session: string): boolean => asked.push(session) > 0;
    const enforcer = pacedBandwidth({ setDownlink: ask, setUplink: ask });
    await enforcer.release(sessionAt(1).id);
    await enforcer.close();
    expect(asked).toEqual([]);
  });

  it('says which side does not have the session', async () => {
    const enforcer = pacedBandwidth({ setDownlink: () => true, setUplink: () => false });
    await expect(enforcer.set(sessionAt(1), rates(1000, 1000))).rejects.toThrow('the device is not there');
  });
});
