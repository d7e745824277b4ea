// Controllers of one fleet on one clock: who leads, whom it lets in, and what happens as one is lost.

import { describe, expect, it } from 'vitest';
import { decodeController, encodeControl } from '../../allocation/controller/message-codec.ts';
import { controlVersion } from '../../allocation/controller/messages.ts';
import { MemoryFleetStore } from '../../allocation/fleet/memory-fleet-store.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import type { Connection, ConnectionHandler } from '../../network/transport/transport.ts';
import { FleetController } from './fleet-controller.ts';

const startedAtMs = 1_764_374_400_000;

function fleet() {
  const clock = createManualClock();
  const store = new MemoryFleetStore();
  const events: string[] = [];
  const seen: string[] = [];
  const refused: (readonly [string, string | null | undefined])[] = [];
  const start = (id: string, cells: readonly string[] = ['default']) => {
    const ways = { isCut: false, isDead: false };
    const may: (() => boolean)[] = [];
    const received: string[] = [];
    const controller = new FleetController({
      store: store.open((action) => {
        if (!ways.isCut) clock.after(1, () => ways.isDead || action());
      }),
      cells,
      id,
      startedAtMs,
      clock: { nowMs: () => clock.nowMs(), after: (ms, act) => clock.after(ms, () => ways.isDead || act()) },
      lead({ cell, epoch }, mayOrder) {
        may.push(mayOrder);
        events.push(`${id} leads ${cell} by ${epoch - startedAtMs}`);
        return {
          accept: () => ({
            frame: (bytes) => void received.push(new TextDecoder().decode(bytes)),
            writable: () => {},
            closed: () => void received.push('closed'),
          }),
          close: async () => void events.push(`${id} ends ${cell}`),
        };
      },
      onCell: ({ cell, epoch, holder }) => seen.push(`${id}: ${cell} ${epoch === null ? (holder ?? 'none') : 'here'}`),
      onFailed: ({ code, message }) => events.push(`${code}: ${message}`),
      onRefused: (cell, holder) => refused.push([cell, holder]),
    });
    return { controller, ways, received, mayOrder: () => may.map((one) => one()) };
  };
  return { clock, store, events, seen, refused, start };
}

/** One controller, and what it asks of its store. */
function alone({ canWrite, startedAtMs: at = startedAtMs }: { canWrite: boolean; startedAtMs?: number }) {
  const clock = createManualClock();
  const client = new MemoryFleetStore().open((action) => clock.after(1, action));
  const counts = { acquired: 0, read: [] as string[] };
  const epochs: number[] = [];
  const full = { kind: 'failed', error: new OutriderError('disk-full', 'full', 'free disk') } as const;
  const controller = new FleetController({
    cells: ['default'],
    id: 'one',
    startedAtMs: at,
    clock,
    store: {
      ...client,
      get(key, found) {
        counts.read.push(key);
        client.get(key, found);
      },
      acquire(key, value, over, written) {
        counts.acquired += 1;
        if (canWrite) client.acquire(key, value, over, written);
        else clock.after(1, () => written(full));
      },
    },
    lead: ({ epoch }) => {
      epochs.push(epoch);
      return { accept: () => expect.unreachable(), close: async () => {} };
    },
  });
  return { clock, counts, epochs, controller };
}

/** A connection of a member. */
function connect(controller: FleetController) {
  const sent: string[] = [];
  const elsewhere: unknown[] = [];
  let handler: ConnectionHandler | null = null;
  const connection = {
    send(bytes: Uint8Array) {
      const message = Object(decodeController(bytes));
      sent.push(`${message.code}`);
      if (message.elsewhere !== undefined) elsewhere.push(message.elsewhere);
    },
    close: (code: string) => void sent.push(`closed: ${code}`),
  } as unknown as Connection;
  handler = controller.accept(connection);
  const join = (cell?: string): void =>
    handler?.frame(
      encodeControl({ kind: 'join', version: controlVersion, role: 'edge', id: 'near', credentials: '', cell }),
    );
  const frame = (text: string): void => handler?.frame(new TextEncoder().encode(text));
  return { sent, elsewhere, join, frame };
}

describe('a controller of a fleet', () => {
  it('leads every cell that nobody leads, by epochs larger than those of a controller that started before', () => {
    const { clock, events, start } = fleet();
    start('one', ['default', 'north']);
    clock.moveTo(1000);
    expect(events).toEqual(['one leads default by 2', 'one leads north by 3']);
  });

  it('lets in the members of cells that it leads, and refuses others', () => {
    const { clock, start } = fleet();
    const { controller, received } = start('one');
    const early = connect(controller);
    early.join();
    clock.moveTo(1000);
    expect(early.sent).toEqual(['cell-mismatch', 'closed: done']);
    const member = connect(controller);
    member.join('default');
    const foreign = connect(controller);
    foreign.join('north');
    clock.moveTo(1010);
    expect([member.sent, foreign.sent]).toEqual([[], ['cell-mismatch', 'closed: done']]);
    expect(received.map((one) => JSON.parse(one))).toMatchObject([{ kind: 'join', cell: 'default' }]);
  });

  it('names the controller that leads the cell, whether it takes part in it or not', () => {
    const { clock, start } = fleet();
    const there = { address: 'wss://one.example:8640' };
    start(JSON.stringify(there));
    clock.moveTo(1000);
    const others = [start('two').controller, start('three', ['north']).controller];
    clock.moveTo(4000);
    const asked = others.map((controller) => connect(controller));
    for (const { join } of asked) join();
    clock.moveTo(4010);
    expect(asked.map(({ sent }) => sent)).toEqual(Array(2).fill(['cell-mismatch', 'closed: done']));
    expect(asked.map(({ elsewhere }) => elsewhere)).toEqual(Array(2).fill([there]));
  });

  it('names none that has not renewed its lease for 10 s', () => {
    const { clock, start } = fleet();
    const one = start(JSON.stringify({ address: 'ws://one.example:8640' }));
    clock.moveTo(1000);
    const { controller } = start('two');
    clock.moveTo(4000);
    one.ways.isDead = true;
    clock.moveTo(11_900);
    const [early, late] = [connect(controller), connect(controller)];
    early.join();
    clock.moveTo(12_100);
    late.join();
    expect([early.elsewhere.length, late.elsewhere.length]).toEqual([1, 0]);
  });

  it('gives what is no join to a cell that it leads', () => {
    const { clock, start } = fleet();
    const { controller, received } = start('one', ['north']);
    clock.moveTo(1000);
    connect(controller).frame('{"kind":"watch"}');
    expect(received).toEqual(['{"kind":"watch"}']);
  });

  it('says who leads, when that changes, and how old its lease is', () => {
    const { clock, seen, start } = fleet();
    const one = start('one');
    clock.moveTo(1000);
    const { controller } = start('two');
    clock.moveTo(5000);
    one.ways.isDead = true;
    clock.moveTo(9000);
    expect(controller.status).toMatchObject([{ cell: 'default', epoch: null, holder: 'one' }]);
    expect(controller.status[0]?.ageMs).toBeGreaterThan(4000);
    clock.moveTo(40_000);
    expect(seen).toEqual(['one: default here', 'two: default one', 'two: default none', 'two: default here']);
    expect(controller.status[0]?.ageMs).toBeLessThan(4000);
    expect(controller.status[0]?.epoch).toBeGreaterThan(startedAtMs);
  });

  it('closes a connection that does not join', () => {
    const { clock, start } = fleet();
    const { sent } = connect(start('one').controller);
    clock.moveTo(5000);
    expect(sent).toEqual(['closed: silent']);
  });

  it('falls silent 10 s after its last renewal without the store, and leads on with its epoch', () => {
    const { clock, events, start } = fleet();
    const { ways, mayOrder } = start('one');
    clock.moveTo(1000);
    ways.isCut = true;
    clock.moveTo(9900);
    expect(mayOrder()).toEqual([true]);
    clock.moveTo(10_100);
    expect(mayOrder()).toEqual([false]);
    ways.isCut = false;
    clock.moveTo(13_000);
    expect(mayOrder()).toEqual([false, true]);
    expect(events).toEqual(['one leads default by 2', 'one ends default', 'one leads default by 2']);
  });

  it('takes over from one that is lost after 15 s and within 20 s, by a larger epoch', () => {
    const { clock, events, start } = fleet();
    const { ways } = start('one');
    clock.moveTo(30_000);
    start('two');
    clock.moveTo(60_000);
    expect(events).toEqual(['one leads default by 2']);
    ways.isDead = true;
    clock.moveTo(73_000);
    expect(events).toHaveLength(1);
    clock.moveTo(80_000);
    expect(events[1]).toMatch(/^two leads default by \d\d$/);
  });

  it('takes over at once from one that goes down in order, which has ended before', () => {
    const { clock, events, start } = fleet();
    const { controller } = start('one');
    clock.moveTo(1000);
    start('two');
    clock.moveTo(1500);
    controller.close();
    clock.moveTo(1600);
    expect(events).toEqual(['one leads default by 2', 'one ends default', 'two leads default by 4']);
    clock.moveTo(60_000);
    expect(events).toHaveLength(3);
  });

  it.each([
    '{"version":2,"sinceMs":1}',
    '{"version":1}',
    '{"version":1,"sinceMs":-1}',
    '{"version":1,"sinceMs":4102444800001}',
    '{"version":1,"sinceMs":9007199254740000}',
    'null',
    'cells of others',
  ])('leads nothing where the record of the fleet is %s', (card) => {
    const { clock, store, events, start } = fleet();
    store.open((action) => clock.after(0, action)).put('fleet', card, () => {});
    start('one');
    clock.moveTo(60_000);
    expect(events).toEqual([
      `version-mismatch: the store's record of the fleet is none of version 1 from before 2100: ${card}`,
    ]);
  });

  it('leads by a record from a clock that was ahead, and writes none that it would not take itself', () => {
    const { clock, store, events, start } = fleet();
    const client = store.open((action) => clock.after(0, action));
    client.put('fleet', JSON.stringify({ version: 1, sinceMs: startedAtMs + 1e9 }), () => {});
    start('one');
    clock.moveTo(1000);
    expect(events).toEqual(['one leads default by 1000000002']);
    const ahead = alone({ canWrite: true, startedAtMs: 8e15 });
    ahead.clock.moveTo(1000);
    expect(ahead.epochs).toEqual([4_102_444_800_000 + 2]);
  });

  it('says which cell a member was sent away for, and who leads it', () => {
    const { clock, refused, start } = fleet();
    start('one', ['north']);
    const { controller } = start('two');
    clock.moveTo(1000);
    for (const cell of ['north', 'nroth']) connect(controller).join(cell);
    clock.moveTo(1010);
    expect(refused).toEqual([
      ['north', 'one'],
      ['nroth', null],
    ]);
  });

  it('does not say that no controller leads a cell where the store has not said so', () => {
    const { clock, refused, start } = fleet();
    const { controller, ways } = start('two');
    clock.moveTo(1000);
    for (let count = 0; count < 9; count += 1) connect(controller).join(`c${count}`);
    expect(refused).toEqual([['c8', undefined]]);
    clock.moveTo(1010);
    expect(refused.slice(1)).toEqual(Array.from({ length: 8 }, (_, count) => [`c${count}`, null]));
    ways.isCut = true;
    connect(controller).join('south');
    clock.moveTo(30_000);
    expect(refused.slice(9)).toEqual([]);
  });

  it('asks a store that can be read and not be written every 1.5 s', () => {
    const { clock, counts, controller } = alone({ canWrite: false });
    clock.moveTo(15_000);
    controller.close();
    expect(counts.acquired).toBe(10);
  });

  it('asks the store for no name that is none of a cell', () => {
    const { clock, counts, controller } = alone({ canWrite: true });
    clock.moveTo(1000);
    const { length } = counts.read;
    const members = ['a:b', 'a.b', 'south'].map((cell) => {
      const member = connect(controller);
      member.join(cell);
      return member;
    });
    clock.moveTo(1010);
    expect(counts.read.slice(length)).toEqual(['lease.south']);
    expect(members.map(({ sent }) => sent)).toEqual(Array(3).fill(['cell-mismatch', 'closed: done']));
  });

  it('waits for a store that is lost', () => {
    const { clock, events, start } = fleet();
    const { ways } = start('one');
    ways.isCut = true;
    clock.moveTo(20_000);
    expect(events).toEqual([]);
    ways.isCut = false;
    clock.moveTo(22_000);
    expect(events).toEqual(['one leads default by 2']);
  });
});
