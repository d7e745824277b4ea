import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import { EdgeFaults } from './edge-faults.ts';

function bed() {
  const clock = createManualClock();
  const reported: unknown[] = [];
  const faults = new EdgeFaults(
    (error) => void reported.push(error),
    () => clock.nowMs(),
  );
  return { clock, reported, faults };
}

describe('the faults of an edge', () => {
  it('are counted all, and told once for the same words within ten seconds', () => {
    const { clock, reported, faults } = bed();
    faults.report(new Error('disk'));
    faults.report(new Error('disk'));
    faults.report(new Error('engine'));
    faults.report('engine');
    expect(reported.map(String)).toEqual(['Error: disk', 'Error: engine', 'engine']);
    clock.moveTo(9999);
    faults.report(new Error('disk'));
    expect(reported).toHaveLength(3);
    clock.moveTo(10_000);
    faults.report(new Error('disk'));
    expect(reported).toHaveLength(4);
    expect(faults.count).toBe(6);
  });

  it('are told apart by the kind of error as well', () => {
    const { reported, faults } = bed();
    faults.report(new Error('no'));
    faults.report(new TypeError('no'));
    expect(reported).toHaveLength(2);
  });

  it('are told again when too many different words have come, and never take more memory', () => {
    const { reported, faults } = bed();
    for (let number = 0; number < 256; number++) faults.report(`fault ${number}`);
    faults.report('fault 0');
    expect(reported).toHaveLength(256);
    faults.report('one too many');
    faults.report('fault 0');
    expect(reported).toHaveLength(258);
  });

  it('of a function give the other value, and its rejection is told too', async () => {
    const { reported, faults } = bed();
    const fail = (): number => {
      throw new Error('now');
    };
    expect([faults.call(() => 3, 4), faults.call(fail, 4)]).toEqual([3, 4]);
    await faults.call(() => Promise.reject(new Error('later')), undefined)?.catch(() => {});
    expect(reported.map(String)).toEqual(['Error: now', 'Error: later']);
  });

  it('of a clock do not stop time from passing', () => {
    const { clock, reported, faults } = bed();
    let fails = false;
    const guarded = faults.guardClock({
      ...clock,
      nowMs: () => {
        if (fails) throw new Error('no time');
        return clock.nowMs();
      },
    });
    clock.moveTo(500);
    expect(guarded.nowMs()).toBe(500);
    fails = true;
    expect(guarded.nowMs()).toBe(500);
    expect(reported).toHaveLength(1);
    guarded.after(10, () => {
      throw new Error('in a timer');
    });
    clock.moveTo(600);
    expect(reported.map(String)).toEqual(['Error: no time', 'Error: in a timer']);
  });
});
