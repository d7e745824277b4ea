// A member against controllers that lie, are of another version, or know more than it: what it follows, when it is back, and what it says.

import { describe, expect, it } from 'vitest';
import { deviceReport } from '../../allocation/controller/controller.fixture.ts';
import { type ControllerMessage, controlVersion } from '../../allocation/controller/messages.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import type { Connection, ConnectionHandler } from '../../network/transport/transport.ts';
import { ControlClient, type ControlNote } from './control-client.ts';

const origin = { cell: 'default', epoch: 5 };
const welcome = { kind: 'welcome', version: controlVersion, ...origin, slotMs: 1000 };
const lie = { ...welcome, epoch: Number.MAX_SAFE_INTEGER };

const report = deviceReport();

interface Line {
  readonly sent: string[];
  say(message: object): void;
  /** Why the member has closed it; null: it is open. */
  readonly closed: () => string | null;
  lose(): void;
}

/** A member of whoever answers. @param answers to each join; null: no one is there */
function memberOf(answers: (nowMs: number) => object | null, isPeerChecked: boolean) {
  const clock = createManualClock();
  const notes: ControlNote[] = [];
  const obeyed: ControllerMessage[] = [];
  const lines: Line[] = [];
  const asked: { readonly atMs: number; readonly elsewhere: string | undefined }[] = [];
  const client = new ControlClient({
    reach(accept, failed, elsewhere) {
      asked.push({ atMs: clock.nowMs(), elsewhere: elsewhere?.address });
      const answer = answers(clock.nowMs());
      if (answer === null) {
        clock.after(1, () => failed(new OutriderError('edge-unreachable', 'nobody is there', 'start it')));
        return () => {};
      }
      const sent: string[] = [];
      let closed: string | null = null;
      let handler: ConnectionHandler | null = null;
      const end = (code: 'superseded'): void => {
        closed ??= code;
        clock.after(1, () => handler?.closed({ by: 'us', code, detail: '' }));
      };
      const connection = {
        isPeerChecked,
        send: (bytes: Uint8Array) => void sent.push(new TextDecoder().decode(bytes)),
        close: end,
      } as unknown as Connection;
      const say = (message: object): void => handler?.frame(new TextEncoder().encode(JSON.stringify(message)));
      lines.push({
        sent,
        say,
        closed: () => closed,
        lose: () => handler?.closed({ by: 'peer', code: 'done', detail: '' }),
      });
      clock.after(1, () => {
        handler = accept(connection);
        say(answer);
      });
      return () => {};
    },
    role: 'device',
    id: 'near',
    clock,
    report: () => report,
    onOrder: (message) => void obeyed.push(message),
    note: (note) => void notes.push(note),
    uniform: () => 0.5,
  });
  const last = (): Line => lines.at(-1) as Line;
  return { client, clock, notes, obeyed, asked, last, kinds: () => notes.map(({ kind }) => kind) };
}

describe('a false controller with the largest epoch that answers once', () => {
  it('costs a member nothing where it was reached in plain: it is back as soon as it reaches the true one', () => {
    let isFalse = true;
    const { client, clock, last } = memberOf(() => (isFalse ? lie : welcome), false);
    clock.moveTo(1000);
    isFalse = false;
    last().lose();
    clock.moveTo(2000);
    expect([client.isConnected, last().closed()]).toEqual([true, null]);
  });

  it('with a certificate that was checked, keeps a member away for a minute and a pause, and not longer', () => {
    let isFalse = true;
    const { client, clock, last, kinds } = memberOf(() => (isFalse ? lie : welcome), true);
    clock.moveTo(1000);
    isFalse = false;
    last().lose();
    clock.moveTo(59_000);
    expect([client.isConnected, last().closed()]).toEqual([false, 'superseded']);
    // The longest pause is four seconds.
    clock.moveTo(60_000 + 4100);
    expect([client.isConnected, last().closed()]).toEqual([true, null]);
    expect(kinds()).toEqual(['connected', 'lost', 'older', 'connected']);
  });
});

describe('a member', () => {
  it('ignores kinds and fields that it does not know, and obeys what it knows', () => {
    const { client, clock, obeyed, last } = memberOf(() => ({ ...welcome, shard: 3 }), false);
    clock.moveTo(10);
    last().say({ kind: 'weather', ...origin, rain: true });
    last().say({ kind: 'rows-elsewhere', ...origin, rowsUsed: [], more: { deep: [1] } });
    expect([client.isConnected, last().closed()]).toEqual([true, null]);
    expect(obeyed).toEqual([{ kind: 'rows-elsewhere', ...origin, rowsUsed: [] }]);
  });

  it('takes a welcome once on a connection, so that nobody can make it report or write its log without end', () => {
    const { clock, kinds, last } = memberOf(() => welcome, false);
    clock.moveTo(10);
    const before = last().sent.length;
    for (let time = 0; time < 100; time += 1) last().say(welcome);
    expect([kinds(), last().sent.length]).toEqual([['connected'], before]);
  });

  it('obeys no controller of another cell, and says so once', () => {
    const { client, clock, notes, last } = memberOf(() => ({ ...welcome, cell: 'north' }), false);
    clock.moveTo(20_000);
    expect([client.isConnected, last().closed()]).toEqual([false, 'cell-mismatch']);
    expect(notes).toMatchObject([{ kind: 'refused', error: { code: 'cell-mismatch' } }]);
    expect((notes[0] as { readonly error: Error }).error.message).toContain('"north"');
  });

  it('says that it is of another version than its controller, whichever side is older', () => {
    const older = { kind: 'welcome', version: controlVersion - 1, epoch: 5, slotMs: 1000 };
    const one = memberOf(() => older, false);
    one.clock.moveTo(20_000);
    expect(one.last().closed()).toBe('version-mismatch');
    // The words of version 2.
    const cause = `the controller speaks version ${controlVersion - 1} of its protocol, this device version ${controlVersion}`;
    const remedy = 'install the same version of outrider on both';
    const other = memberOf(() => ({ kind: 'refused', code: 'version-mismatch', cause, remedy }), false);
    other.clock.moveTo(20);
    other.last().lose();
    other.clock.moveTo(20_000);
    for (const { notes } of [one, other])
      expect(notes).toMatchObject([{ kind: 'refused', error: { code: 'version-mismatch', remedy } }]);
  });

  it('reports twice a second, and counts a controller that says nothing for fifteen seconds as lost', () => {
    const { clock, last } = memberOf(() => welcome, false);
    clock.moveTo(10);
    const before = last().sent.length;
    clock.moveTo(2010);
    expect(last().sent.length - before).toBe(4);
    const first = last();
    clock.moveTo(14_990);
    first.say({ kind: 'alive', ...origin });
    clock.moveTo(29_900);
    expect(first.closed()).toBeNull();
    clock.moveTo(30_600);
    expect(first.closed()).toBe('silent');
    expect(last()).not.toBe(first);
  });

  it('reports whole once on each connection, and then what has changed, where the controller takes that', () => {
    const takes = { ...welcome, takesChanges: true };
    let answer: object = takes;
    const { clock, last } = memberOf(() => answer, false);
    const kinds = (): unknown[] => last().sent.map((text) => (JSON.parse(text) as { readonly kind: string }).kind);
    clock.moveTo(1010);
    expect(kinds()).toEqual(['join', 'device-report', 'device-changes', 'device-changes']);
    expect(JSON.parse(last().sent[2] as string)).toEqual({ kind: 'device-changes', seq: 2 });
    last().lose();
    clock.moveTo(2900);
    expect(kinds().slice(0, 3)).toEqual(['join', 'device-report', 'device-changes']);
    answer = welcome;
    last().lose();
    clock.moveTo(5000);
    expect(new Set(kinds().slice(1))).toEqual(new Set(['device-report']));
  });

  it('waits longer and longer for a controller that loses it again and again, until one has held for five seconds', () => {
    const { client, clock, last } = memberOf(() => welcome, false);
    let nowMs = 0;
    const pass = (ms: number): void => {
      nowMs += ms;
      clock.moveTo(nowMs);
    };
    const untilConnected = (): void => {
      while (!client.isConnected) pass(10);
    };
    /** Holds the connection for so long, and loses it. @returns the time without one, ms */
    const pauseAfter = (heldMs: number): number => {
      untilConnected();
      pass(heldMs);
      const lostMs = nowMs;
      last().lose();
      untilConnected();
      return nowMs - lostMs;
    };
    const pauses = Array.from({ length: 30 }, () => pauseAfter(600));
    expect(pauses[0]).toBeLessThan(500);
    expect(pauses.at(-1)).toBeGreaterThan(1000);
    last().say({ kind: 'alive', ...origin });
    expect(pauseAfter(4400)).toBeGreaterThan(1000);
    expect(pauseAfter(6000)).toBeLessThan(500);
  });

  it('says why it reaches no controller, once for each cause', () => {
    const { clock, notes, client } = memberOf((nowMs) => (nowMs < 9000 ? null : welcome), false);
    clock.moveTo(20_000);
    expect(notes).toMatchObject([{ kind: 'unreached', error: { code: 'edge-unreachable' } }, { kind: 'connected' }]);
    expect(client.isConnected).toBe(true);
  });

  it('goes at once where it is sent, and says nothing of it', () => {
    const elsewhere = { address: 'ws://other.example:8640' };
    const sent = { kind: 'refused', code: 'cell-mismatch', cause: 'not here', remedy: 'there', elsewhere };
    const answers = [null, null, null, null, null, null, sent, welcome];
    const { asked, clock, kinds, last } = memberOf(() => answers.shift() ?? null, false);
    for (let nowMs = 0; answers.length > 1; nowMs += 5) clock.moveTo(nowMs);
    last().lose();
    for (let nowMs = 0; answers.length > 0; nowMs += 5) clock.moveTo(nowMs);
    const [before, after] = asked.slice(-2);
    expect([before?.elsewhere, after?.elsewhere]).toEqual([undefined, elsewhere.address]);
    expect((after?.atMs ?? 0) - (before?.atMs ?? 0)).toBeLessThan(100);
    expect(kinds()).toEqual(['unreached', 'connected']);
  });

  it('is not sent round by controllers that name each other: each pause is longer', () => {
    const elsewhere = { address: 'ws://other.example:8640' };
    const sent = { kind: 'refused', code: 'cell-mismatch', cause: 'not here', remedy: 'there', elsewhere };
    const { asked, clock, notes, last } = memberOf(() => sent, false);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 5) {
      clock.moveTo(nowMs);
      last().lose();
    }
    const named = asked.map((one) => one.elsewhere !== undefined);
    expect(named.slice(0, 6)).toEqual([false, true, false, true, false, true]);
    expect(asked.length).toBeLessThan(60);
    expect((asked.at(-1)?.atMs ?? 0) - (asked.at(-3)?.atMs ?? 0)).toBeGreaterThan(2000);
    // It says so once.
    expect(notes).toMatchObject([{ kind: 'refused', error: { message: 'not here: ws://other.example:8640' } }]);
  });

  it('says each refusal once while it tries several controllers', () => {
    let count = 0;
    const cause = (one: number): object => ({
      kind: 'refused',
      code: 'cell-mismatch',
      cause: `${one}`,
      remedy: 'wait',
    });
    const { clock, notes, last } = memberOf(() => cause(count++ % 2), false);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 5) {
      clock.moveTo(nowMs);
      last().lose();
    }
    expect(count).toBeGreaterThan(5);
    expect(notes.length).toBe(2);
  });

  it('of yesterday can read what it joins with: five fields', () => {
    const { clock, last } = memberOf(() => welcome, false);
    clock.moveTo(10);
    const join = { kind: 'join', version: controlVersion, role: 'device', id: 'near', credentials: '' };
    expect(JSON.parse(last().sent[0] as string)).toEqual(join);
  });
});
