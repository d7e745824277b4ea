// Who may watch, how many, and what a watcher that reads slowly gets.

import { describe, expect, it } from 'vitest';
import { fleetBed } from '../../allocation/controller/watch/fleet.fixture.ts';
import type { Snapshot } from '../../allocation/controller/watch/fleet-rows.ts';
import { askAll, snapshotOf, watchVersion } from '../../allocation/controller/watch/fleet-view.ts';
import { FleetWatch } from '../../allocation/controller/watch/fleet-watch.ts';
import { encodeStreets } from '../../allocation/controller/watch/street-map.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import type { Connection } from '../../network/transport/transport.ts';
import { type DeskSettings, mostWatchers, WatchDesk } from './watch-desk.ts';

const bytesOf = (message: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(message));
const greeting = { kind: 'watch', version: watchVersion, credentials: 'key', ...askAll };

function deskBed(more: Partial<DeskSettings> = {}) {
  const manual = createManualClock();
  let sent = 0;
  /** Snapshots that were sent in each turn of the clock. */
  const turns: number[] = [];
  const after = (delayMs: number, callback: () => void) =>
    manual.after(delayMs, () => {
      const before = sent;
      callback();
      turns.push(sent - before);
    });
  const clock = { ...manual, after, advance: (ms: number) => manual.moveTo(manual.nowMs() + ms) };
  const { members, move } = fleetBed(3, 40);
  move(0);
  const watch = new FleetWatch(1);
  const refused: string[] = [];
  let made = 0;
  const desk = new WatchDesk({
    clock,
    ...more,
    keyOf: (credentials) => (credentials === 'wrong' ? null : `id of ${credentials}`),
    fleet: () => {
      made += 1;
      return watch.fleet(members, clock.nowMs());
    },
    linksOf: () => [],
    onRefused: (code) => void refused.push(code),
  });
  let links = 0;
  const watcher = (first: unknown = greeting) => {
    links += 1;
    const link = links;
    const state = {
      writable: true,
      snapshots: 0,
      seen: null as Snapshot | null,
      maps: [] as number[],
      closed: [] as string[],
      said: [] as string[],
    };
    const connection = {
      get writable() {
        return state.writable;
      },
      send(bytes: Uint8Array) {
        const message = JSON.parse(new TextDecoder().decode(bytes));
        if (message.kind === 'refused') state.said.push(message.code);
        else if (message.kind === 'map') state.maps.push(state.snapshots);
        else {
          state.seen = message;
          state.snapshots += 1;
          sent += 1;
        }
      },
      close: (code: string) => void state.closed.push(code),
    } as unknown as Connection;
    const say = (message: unknown): boolean => desk.takes(link, connection, bytesOf(message));
    const isTaken = say(first);
    return { state, say, isTaken, link, leave: () => desk.closed(link) };
  };
  const whole = (ask = askAll) => snapshotOf(watch.fleet(members, clock.nowMs()), ask, () => []);
  return { clock, desk, watcher, move, whole, refused, turns, made: () => made };
}

describe('a watcher', () => {
  it('gets the fleet every second', () => {
    const { clock, watcher, move, whole } = deskBed();
    const one = watcher();
    for (let second = 1; second < 6; second += 1) {
      move(1000 * second);
      clock.advance(1000);
      expect(one.state.seen).toEqual(whole());
    }
    expect(one.state.snapshots).toBe(5);
    one.leave();
    clock.advance(5000);
    expect(one.state.snapshots).toBe(5);
  });

  it('gets the streets once, before its first frame, and only with a key', () => {
    const streets = encodeStreets({ originX: 0, originY: 0, cellMetres: 1, columns: 1, runs: [0, 1] }) as Uint8Array;
    const { clock, watcher } = deskBed({ streets });
    const [one, wrong] = [watcher(), watcher({ ...greeting, credentials: 'wrong' })];
    clock.advance(3000);
    expect([one.state.maps, wrong.state.maps]).toEqual([[0], []]);
  });

  it('gets what it asked for last, and no more than one snapshot a second, whatever it asks', () => {
    const { clock, watcher, whole } = deskBed();
    const one = watcher();
    const ask = { ...askAll, edge: 'edge-1' };
    for (let count = 0; count < 10; count += 1) {
      one.say({ kind: 'ask', ...(count === 9 ? ask : askAll) });
      clock.advance(100);
    }
    expect(one.state.seen).toEqual(whole(ask));
    expect(one.state.snapshots).toBe(1);
  });

  it('costs nothing by leaving and coming back', () => {
    const { clock, watcher, made } = deskBed();
    for (let count = 0; count < 100; count += 1) {
      watcher().leave();
      clock.advance(10);
    }
    expect([made(), clock.pendingCount]).toEqual([0, 0]);
  });

  it('that reads slowly gets fewer snapshots, nothing waits for it, and it is right again afterwards', () => {
    const { clock, watcher, move, whole } = deskBed();
    const [slow, other] = [watcher(), watcher()];
    clock.advance(1000);
    slow.state.writable = false;
    for (let second = 2; second < 32; second += 1) {
      move(1000 * second);
      clock.advance(1000);
    }
    expect([slow.state.snapshots, other.state.snapshots]).toEqual([1, 31]);
    slow.state.writable = true;
    clock.advance(1000);
    expect(slow.state.snapshots).toBe(2);
    expect(slow.state.seen).toEqual(whole());
    slow.state.writable = false;
    clock.advance(59_000);
    expect(slow.state.closed).toEqual([]);
    clock.advance(3000);
    expect(slow.state.closed).toContain('silent');
  });

  it('waits for the snapshots of others no longer than one of them takes', () => {
    const { clock, watcher, turns } = deskBed();
    const all = Array.from({ length: mostWatchers }, () => watcher());
    clock.advance(1000);
    expect(turns).toEqual(all.map(() => 1));
    all[5]?.leave();
    clock.advance(1000);
    expect(turns.slice(mostWatchers).reduce((sum, count) => sum + count, 0)).toBe(mostWatchers - 1);
    expect(all.map(({ state }) => state.snapshots)).toEqual(all.map((_, index) => (index === 5 ? 1 : 2)));
    for (const { leave } of all) leave();
    clock.advance(5000);
    expect(clock.pendingCount).toBe(0);
  });

  it('shares the work with others', () => {
    const { clock, watcher, made } = deskBed();
    for (let count = 0; count < 5; count += 1) watcher();
    clock.advance(3000);
    expect(made()).toBe(3);
  });
});

describe('no watcher', () => {
  it('is let in by a wrong key, with another version, or beyond so many', () => {
    const { watcher, refused, desk } = deskBed();
    const wrong = watcher({ ...greeting, credentials: 'wrong' });
    expect([wrong.state.said, wrong.state.closed, wrong.state.snapshots]).toEqual([['unauthorized'], ['done'], 0]);
    expect(watcher({ ...greeting, version: 1 }).state.said).toEqual(['version-mismatch']);
    for (let count = 0; count < mostWatchers; count += 1) expect(watcher().state.said).toEqual([]);
    const last = watcher();
    expect([last.state.said, desk.has(last.link)]).toEqual([['edge-full'], false]);
    expect(refused).toEqual(['unauthorized', 'version-mismatch', 'edge-full']);
  });

  it('stays when its key is valid no more', () => {
    const { watcher, desk } = deskBed();
    const [one, other] = [watcher({ ...greeting, credentials: 'one' }), watcher()];
    desk.renewKeys((key) => key !== 'id of one');
    expect([one.state.said, other.state.said]).toEqual([['unauthorized'], []]);
    expect([desk.has(one.link), desk.has(other.link)]).toEqual([false, true]);
  });

  it('may flood the controller, or say something else', () => {
    const { watcher } = deskBed();
    const [flood, strange] = [watcher(), watcher()];
    for (let count = 0; count < 100; count += 1) flood.say({ kind: 'ask', ...askAll });
    strange.say({ kind: 'join', version: 3, role: 'edge', id: 'a', credentials: 'key' });
    expect([flood.state.said[0], strange.state.said]).toEqual(['protocol-error', ['protocol-error']]);
  });
});

it('leaves the messages of members alone', () => {
  const { watcher } = deskBed();
  expect(watcher({ kind: 'join', version: 3 }).isTaken).toBe(false);
  expect(watcher({ kind: 'ask', ...askAll }).isTaken).toBe(false);
});

describe('a place at the desk', () => {
  const greetingOf = (credentials: string) => ({ ...greeting, credentials });

  it('is given to another key where one key has them all, and not to that key again', () => {
    const { watcher, refused } = deskBed();
    const all = Array.from({ length: mostWatchers }, () => watcher(greetingOf('one')));
    const other = watcher(greetingOf('two'));
    expect(all[0]?.state.said).toEqual(['edge-full']);
    expect(all.slice(1).every(({ state }) => state.closed.length === 0)).toBe(true);
    expect(other.state.said).toEqual([]);
    expect(watcher(greetingOf('one')).state.said).toEqual(['edge-full']);
    expect(refused).toEqual(['edge-full', 'edge-full']);
  });
});
