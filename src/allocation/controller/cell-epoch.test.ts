import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CellEpoch, type EpochEvent, epochCountsMs, noEpoch, stepEpoch } from './cell-epoch.ts';

const connected: EpochEvent = { kind: 'connected' };
const largest = Number.MAX_SAFE_INTEGER;

function message(epoch: number, nowMs: number, isChecked: boolean): EpochEvent {
  return { kind: 'received', epoch, nowMs, isChecked };
}

/** @returns of each event, whether the message is older */
function run(events: readonly EpochEvent[]): boolean[] {
  let state: CellEpoch = noEpoch;
  return events.map((event) => {
    const step = stepEpoch(state, event);
    state = step.state;
    return step.isOlder;
  });
}

describe('of controllers whose certificate was checked', () => {
  it('the highest epoch counts on any connection while it sends', () => {
    const events = [message(9, 0, true), message(9, 50_000, true), connected, message(5, 109_999, true)];
    expect(run(events)).toEqual([false, false, false, true]);
  });

  it('a lie or a slip is forgotten after a minute of silence, whatever the true one says meanwhile', () => {
    const tries = [10, 30, 59].flatMap((s) => [connected, message(5, 1000 * s, true)]);
    const events = [message(largest, 0, true), ...tries, connected, message(5, epochCountsMs, true)];
    expect(run(events).filter((isOlder) => isOlder)).toHaveLength(3);
    expect(run(events).at(-1)).toBe(false);
  });

  it('a higher one is followed at once, and so is one with the same epoch', () => {
    expect(run([message(5, 0, true), connected, message(5, 1, true), connected, message(6, 2, true)])).not.toContain(
      true,
    );
  });

  it('two at the same time: each member is with the higher one in the end', () => {
    const turns = Array.from({ length: 100 }, (_, second) => [
      connected,
      message(5 + (second % 2), 1000 * second, true),
    ]);
    const older = run(turns.flat()).filter((_, index) => index % 2 === 1);
    expect(older).toEqual(older.map((_, second) => second > 0 && second % 2 === 0));
  });
});

describe('of controllers that are reached in plain', () => {
  it('each is followed, and its epoch is forgotten with its connection', () => {
    expect(run([message(largest, 0, false), connected, message(5, 1, false)])).toEqual([false, false, false]);
  });

  it('a lower epoch on the same connection is older', () => {
    expect(run([message(6, 0, false), message(5, 1, false), message(6, 2, false)])).toEqual([false, true, false]);
  });

  it('none is followed that is older than one that was checked, and none makes a checked one older', () => {
    expect(run([message(6, 0, true), connected, message(5, 1, false)])).toEqual([false, false, true]);
    expect(run([connected, message(largest, 1, false), connected, message(5, 2, true)])).not.toContain(true);
  });
});

it('whatever was received, any epoch is followed on a new connection after a minute of silence', () => {
  const event = fc.oneof(
    fc.constant(connected),
    fc.record({
      kind: fc.constant('received' as const),
      epoch: fc.maxSafeNat(),
      isChecked: fc.boolean(),
      nowMs: fc.nat({ max: 1_000_000 }),
    }),
  );
  const atMs = (one: EpochEvent): number => (one.kind === 'received' ? one.nowMs : 0);
  fc.assert(
    fc.property(fc.array(event), fc.nat(), fc.boolean(), (events, epoch, isChecked) => {
      const ordered = [...events].sort((one, other) => atMs(one) - atMs(other));
      const state = ordered.reduce<CellEpoch>((last, one) => stepEpoch(last, one).state, noEpoch);
      const lastMs = Math.max(0, ...events.map(atMs));
      const next = stepEpoch(state, connected).state;
      expect(stepEpoch(next, message(epoch, lastMs + epochCountsMs, isChecked)).isOlder).toBe(false);
    }),
  );
});
