import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { FleetStore } from '../../src/allocation/fleet/fleet-store.ts';
import { MemoryFleetStore } from '../../src/allocation/fleet/memory-fleet-store.ts';
import type { Clock } from '../../src/core/basics/clock.ts';
import { OutriderError } from '../../src/core/basics/errors.ts';
import { describeMachine, packageVersion } from '../../src/files/document.ts';
import type { Run, Unit } from './experiment.ts';
import { runExperiment } from './run.ts';
import type { OpenRecord } from './run-record.ts';
import { SharedRecord } from './shared-record.ts';

/** Time passes when nothing else is to be done. */
function idleClock(): Clock & { readonly stop: () => void } {
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  let nowMs = 0;
  let isOver = false;
  const pass = async (): Promise<void> => {
    while (!isOver) {
      for (let turn = 0; turn < 20; turn += 1) await setImmediate();
      const next = [...timers].toSorted((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined) continue;
      timers.delete(next);
      nowMs = next.atMs;
      next.callback();
    }
  };
  void pass();
  return {
    nowMs: () => nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    stop: () => {
      isOver = true;
    },
  };
}

interface Scene {
  readonly store: MemoryFleetStore;
  readonly clock: Clock;
  readonly measured: string[];
  /** One process. `isCut`: nothing of it reaches the store any more. */
  process(me: string): { isCut: boolean; readonly open: FleetStore };
  run(
    me: string,
    units: readonly Unit<unknown>[],
    asked?: object,
    open?: FleetStore,
    atOnce?: number,
  ): Promise<unknown[]>;
  unit(me: string, name: string, ms?: number, found?: unknown): Unit<unknown>;
}

async function inScene(play: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = idleClock();
  const store = new MemoryFleetStore();
  const measured: string[] = [];
  const shared = { clock, place: 'nats://here/x', signal: new AbortController().signal };
  const scene: Scene = {
    store,
    clock,
    measured,
    process() {
      const way = { isCut: false };
      const open = store.open((action) => {
        queueMicrotask(() => {
          if (!way.isCut) action();
        });
      });
      return Object.assign(way, { open });
    },
    async run(me, units, asked = { seed: 1 }, open = scene.process(me).open, atOnce = 1) {
      const { summary } = await runExperiment(
        {
          name: 'bench x',
          description: 'measures units',
          options: {},
          async measure(_, run) {
            await run.begin(asked);
            return await run.all('units', units, atOnce);
          },
          conclude: (found: unknown[]) => ({ rows: [], summary: { found } as never }),
        },
        {},
        { record: (name, given) => SharedRecord.open({ ...shared, store: open, me }, name, given) },
      );
      return (summary as unknown as { readonly found: unknown[] }).found;
    },
    unit: (me, name, ms = 100, found = `${name}!`) => ({
      key: name,
      async measure() {
        measured.push(`${me}${name}`);
        await new Promise<void>((resolve) => void clock.after(ms, resolve));
        return found;
      },
    }),
  };
  try {
    await play(scene);
  } finally {
    clock.stop();
  }
}

const names = ['1', '2', '3', '4', '5', '6'];

describe('a record that several processes share', () => {
  it('has each unit measured once, and all end with the same', () =>
    inScene(async ({ run, unit, measured }) => {
      const all = await Promise.all(
        ['a', 'b', 'c'].map((me) =>
          run(
            me,
            names.map((name) => unit(me, name)),
          ),
        ),
      );
      for (const found of all) expect(found).toEqual(names.map((name) => `${name}!`));
      expect(measured.map((one) => one.slice(1)).toSorted()).toEqual(names);
      expect(new Set(measured.map((one) => one[0])).size).toBe(3);
    }));

  it('gives a unit of a process that is gone to another one, after its lease has stayed as it was', () =>
    inScene(async ({ run, unit, measured, process, clock }) => {
      const gone = process('a');
      void run('a', [unit('a', '1', 60_000), unit('a', '2')], undefined, gone.open).catch(() => {});
      await new Promise<void>((resolve) => void clock.after(25_000, resolve));
      gone.isCut = true;
      const fromMs = clock.nowMs();
      expect(await run('b', [unit('b', '1'), unit('b', '2')])).toEqual(['1!', '2!']);
      expect(measured).toEqual(['a1', 'b2', 'b1']);
      expect(clock.nowMs() - fromMs).toBeGreaterThanOrEqual(30_000);
    }));

  it('leaves a unit with a process that takes long, and renews its lease', () =>
    inScene(async ({ run, unit, measured }) => {
      const both = await Promise.all([run('a', [unit('a', '1', 600_000)]), run('b', [unit('b', '1')])]);
      expect(both).toEqual([['1!'], ['1!']]);
      expect(measured).toEqual(['a1']);
    }));

  /** `a` loses its lease while it measures, `b` measures the unit as well and is sooner. @returns what both end with */
  const measureTwice = async ({ run, unit, process, clock }: Scene, late: object, soon: object) => {
    const slow = process('a');
    const timed = (one: Unit<unknown>): Unit<unknown> => ({ ...one, mayDiffer: ['cpuMs'] });
    const foundLate = run('a', [timed(unit('a', '1', 200_000, late))], undefined, slow.open);
    foundLate.catch(() => {});
    await new Promise<void>((resolve) => void clock.after(5000, resolve));
    slow.isCut = true;
    const foundSoon = run('b', [timed(unit('b', '1', 100, soon))]);
    await foundSoon;
    slow.isCut = false;
    return Promise.allSettled([foundLate, foundSoon]);
  };

  it('counts the first finding of a unit that was measured twice, with its times, for all', () =>
    inScene(async (scene) => {
      const found = await measureTwice(scene, { tokens: 5, cpuMs: 70 }, { cpuMs: 2, tokens: 5 });
      const first = { status: 'fulfilled', value: [{ tokens: 5, cpuMs: 2 }] };
      expect(found).toEqual([first, first]);
      expect(scene.measured).toEqual(['a1', 'b1']);
    }));

  it('ends for all where a unit that was measured twice was found differently', () =>
    inScene(async (scene) => {
      const [late, soon] = await measureTwice(scene, { tokens: 6, cpuMs: 70 }, { tokens: 5, cpuMs: 2 });
      const differing = {
        code: 'findings-differ',
        message: '"1" of bench x was measured twice for nats://here/x, and found differently',
      };
      expect(late).toMatchObject({ status: 'rejected', reason: differing });
      // It had ended before.
      expect(soon).toMatchObject({ status: 'fulfilled' });
      await expect(scene.run('c', [scene.unit('c', '1')])).rejects.toMatchObject(differing);
    }));

  it('measures a unit once that comes twice in a process', () =>
    inScene(async ({ run, unit, measured }) => {
      expect(await run('a', [unit('a', '1'), unit('a', '1')], undefined, undefined, 2)).toEqual(['1!', '1!']);
      expect(measured).toEqual(['a1']);
    }));

  it('lets another one measure a unit at once that has failed', () =>
    inScene(async ({ run, unit, clock }) => {
      const failing = { key: '1', measure: () => Promise.reject(new Error('no luck')) };
      await expect(run('a', [failing])).rejects.toThrow('no luck');
      const fromMs = clock.nowMs();
      expect(await run('b', [unit('b', '1')])).toEqual(['1!']);
      expect(clock.nowMs() - fromMs).toBeLessThan(1000);
    }));

  it('holds findings of any length, and refuses one that is not what was written', () =>
    inScene(async ({ run, unit, store }) => {
      const long = { rows: Array.from({ length: 4000 }, (_, index) => ({ index, text: 'ä€' })) };
      await run('a', [unit('a', '1', 100, long)]);
      const never: Unit<unknown> = { key: '1', measure: () => expect.fail('it was measured again') };
      expect(await run('b', [never])).toEqual([long]);
      const whole = JSON.stringify(long);
      const { createHash } = await import('node:crypto');
      const part = `part.${createHash('sha256').update(whole).digest('hex')}.1`;
      const open = store.open((action) => queueMicrotask(action));
      await new Promise<void>((resolve) => open.put(part, 'something else', () => resolve()));
      await expect(run('c', [never])).rejects.toThrow('not what was written');
    }));

  it('takes settings of any length, and text that is longer as JSON than it is', () =>
    inScene(async ({ run, unit }) => {
      const asked = { scenario: { text: '"'.repeat(9000) } };
      const quotes = '"'.repeat(2000);
      expect(await run('a', [unit('a', '1', 100, quotes)], asked)).toEqual([quotes]);
      expect(await run('b', [unit('b', '1')], asked)).toEqual([quotes]);
      await expect(run('c', [unit('c', '1')], { scenario: 1 })).rejects.toThrow('other settings (scenario)');
    }));

  it('is refused to another machine where an experiment measures the speed of one', () =>
    inScene(async ({ process, clock }) => {
      const shared = { store: process('a').open, clock, place: 'x', me: 'a', signal: new AbortController().signal };
      const record: OpenRecord = (name, asked) => SharedRecord.open(shared, name, asked);
      const speedOf = (name: string): Promise<unknown> =>
        runExperiment(
          {
            name,
            description: 'measures a machine',
            options: {},
            isTimed: () => true,
            measure: (_: object, run: Run) => run.one({ key: '1', measure: () => 1 }),
            conclude: () => ({ rows: [], summary: {} }),
          },
          {},
          { record },
        );
      const [version, machine] = [packageVersion(), describeMachine()];
      await record('bench here', { version, machine });
      await speedOf('bench here');
      await record('bench there', { version, machine: { ...machine, cpu: 'another' } });
      await expect(speedOf('bench there')).rejects.toThrow('other settings (machine)');
    }));

  it('is refused where it was begun with other settings, and holds several experiments', () =>
    inScene(async ({ run, unit, process, clock }) => {
      await run('a', [unit('a', '1')], { seed: 1, tokens: 4 });
      await expect(run('b', [unit('b', '1')], { seed: 1, tokens: 5 })).rejects.toThrow(
        'nats://here/x was begun with other settings (tokens)',
      );
      const { open } = process('c');
      const other = await SharedRecord.open(
        { store: open, clock, place: 'nats://here/x', me: 'c', signal: new AbortController().signal },
        'bench y',
        {},
      );
      expect(await other.claim('1')).toBe(true);
    }));

  it('goes on when the store is back, and gives up after two minutes without it', () =>
    inScene(async ({ run, unit, store, clock, measured }) => {
      const failure = new OutriderError('store-unreachable', 'the store has no leader', 'wait');
      clock.after(150, () => {
        store.failure = failure;
      });
      clock.after(60_000, () => {
        store.failure = null;
      });
      expect(await run('a', [unit('a', '1'), unit('a', '2')])).toEqual(['1!', '2!']);
      store.failure = failure;
      await expect(run('b', [unit('b', '3')])).rejects.toMatchObject({
        code: 'store-unreachable',
        message: 'the store has no leader',
        remedy: 'wait; then give the same command again: what was found stays there',
      });
      store.failure = null;
      expect(await run('b', [unit('b', '1')])).toEqual(['1!']);
      expect(measured).toEqual(['a1', 'a2']);
      store.failure = failure;
      const stopped = { store: store.open((action) => queueMicrotask(action)), clock, place: 'x', me: 'c' };
      const fromMs = clock.nowMs();
      await expect(
        SharedRecord.open({ ...stopped, signal: AbortSignal.abort(new Error('Ctrl-C')) }, 'bench x', {}),
      ).rejects.toThrow('Ctrl-C');
      expect(clock.nowMs() - fromMs).toBeLessThan(6000);
    }));
});
