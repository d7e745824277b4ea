// A thread that stands in for the library's: late by the clock, slow, hanging, dying, or answering out of order.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Grammar } from '../../core/decoding/grammar.ts';
import type { Tokenizer } from '../port/model.ts';
import { createToyTokenizer } from '../port/toy-tokenizer.ts';
import { GrammarThreadHost, type GrammarWorker } from './grammar-thread-host.ts';
import { createGrammarEngine } from './xgrammar.ts';
import type { GrammarOrder, GrammarReply } from './xgrammar-thread.ts';

beforeEach(() =>
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] }),
);
afterEach(() => vi.useRealTimers());

type Call = Exclude<GrammarOrder, { kind: 'close' }>;
type Listener = (what: never) => void;

/** Answers calls when the test says so, and has used the processor time that the test says. */
class StandIn implements GrammarWorker {
  cpuMs = 0;
  memory = 0;
  isEnded = false;
  /** It keeps the process alive. */
  isKept = true;
  /** It answers no question about its work, as a thread that is blocked in the system. */
  isBlocked = false;
  readonly calls: Call[] = [];
  readonly #listeners = new Map<string, Listener[]>();
  readonly #isQuick: (order: Call) => boolean;

  /** @param isQuick which calls are answered at once, without work */
  constructor(isQuick: (order: Call) => boolean = ({ kind }) => kind === 'open') {
    this.#isQuick = isQuick;
  }

  postMessage(order: GrammarOrder): void {
    if (order.kind === 'close') return;
    if (this.#isQuick(order)) queueMicrotask(() => this.answer(order));
    else this.calls.push(order);
  }

  answer({ call }: Pick<Call, 'call'>, more: Partial<Extract<GrammarReply, { kind: 'refused' }>> = {}): void {
    const { cpuMs, memory } = this;
    const done = { kind: 'done', masks: [Uint32Array.of(1)], forced: '' } as const;
    this.emit('message', { call, cpuMs, memory, ...(more.kind === 'refused' ? more : done) });
  }

  /** The last call has taken too much work. */
  async refuse({ isFault = true } = {}): Promise<void> {
    await expect.poll(() => this.calls).not.toHaveLength(0);
    this.answer(this.calls.at(-1) as Call, { kind: 'refused', cause: 'it takes more work', isFault });
  }

  emit(event: string, what?: object): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(what as never);
  }

  cpuUsage(): Promise<{ user: number; system: number }> {
    return this.isBlocked ? new Promise(() => {}) : Promise.resolve({ user: 1000 * this.cpuMs, system: 0 });
  }

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  ref(): void {
    this.isKept = true;
  }

  unref(): void {
    this.isKept = false;
  }

  async terminate(): Promise<void> {
    this.isEnded = true;
  }
}

async function hosted(worker: StandIn = new StandIn()) {
  const host = new GrammarThreadHost(worker, { guardCpuMs: 400 });
  await host.started;
  const spent: number[] = [];
  const ask = () => {
    const order = { kind: 'masks', matcher: 1, accept: [], drafts: [] } as const;
    const settled = { value: undefined as unknown };
    const settle = (value: unknown) => (settled.value = value);
    host.call(order, (ms) => spent.push(ms)).then(settle, settle);
    return settled;
  };
  return { host, worker, spent, ask };
}

/** Passes time, with turns of the event loop between. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await vi.advanceTimersByTimeAsync(Math.min(100, left));
    for (let turns = 0; turns < 4; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a call to the thread of the grammars', () => {
  it('may take any time by the clock while others have the processor', async () => {
    const { worker, ask, host, spent } = await hosted();
    const asked = ask();
    for (let second = 0; second < 300; second += 10) {
      worker.cpuMs += 10;
      await pass(10_000);
    }
    expect(asked.value).toBeUndefined();
    worker.answer(worker.calls[0] as Call);
    await pass(1);
    expect([asked.value, host.isUsable, spent]).toEqual([expect.objectContaining({ kind: 'done' }), true, [300]]);
  });

  it('that takes more of the processor than it ever should finds the edge too busy, not the grammar too dear', async () => {
    const { worker, ask, host, spent } = await hosted();
    const [asked, behind] = [ask(), ask()];
    worker.cpuMs += 401;
    await pass(1000);
    expect(asked.value).toMatchObject({
      code: 'edge-full',
      message: expect.stringMatching(/grammar .* 0\.4 s of the processor/),
      remedy: expect.stringMatching(/^try again in 30 s/),
    });
    expect(behind.value).toMatchObject({ code: 'internal' });
    expect([host.isUsable, worker.isEnded, spent]).toEqual([false, true, [401]]);
  });

  it('that breaks the thread answers for the start of the next one, and no other call does', async () => {
    const worker = new StandIn();
    worker.cpuMs = 900;
    const { ask, spent } = await hosted(worker);
    ask();
    worker.cpuMs += 300;
    worker.answer(worker.calls[0] as Call);
    ask();
    worker.cpuMs += 401;
    await pass(1000);
    expect(spent).toEqual([300, 401 + 900]);
    const refused = new StandIn();
    refused.cpuMs = 700;
    const other = await hosted(refused);
    other.ask();
    refused.cpuMs += 50;
    refused.answer(refused.calls[0] as Call, { kind: 'refused', cause: 'no', isFault: true });
    await pass(1);
    expect(other.spent).toEqual([50 + 700]);
  });

  it('keeps the process alive until the last one is answered', async () => {
    const { worker, ask } = await hosted();
    await pass(1);
    const kept = [worker.isKept];
    for (const _ of [1, 2]) ask();
    for (const call of [...worker.calls]) {
      kept.push(worker.isKept);
      worker.answer(call);
      await pass(1);
    }
    expect([...kept, worker.isKept]).toEqual([false, true, true, false]);
  });

  it('begins when those before it are answered', async () => {
    const { worker, ask, spent } = await hosted();
    const [first, second] = [ask(), ask()];
    worker.cpuMs += 300;
    await pass(1000);
    worker.answer(worker.calls[0] as Call);
    worker.cpuMs += 300;
    await pass(1000);
    expect([first.value, second.value]).toEqual([expect.anything(), undefined]);
    worker.answer(worker.calls[1] as Call);
    await pass(1);
    expect(spent).toEqual([300, 300]);
  });

  it.each([
    ['uses no processor', false],
    ['is blocked in the system', true],
  ])('is an overload, not a fault of the grammar, where the thread %s', async (_, isBlocked) => {
    const { worker, ask, host } = await hosted();
    worker.isBlocked = isBlocked;
    const asked = ask();
    await pass(25_000);
    expect(asked.value).toBeUndefined();
    await pass(15_000);
    expect(asked.value).toMatchObject({ code: 'edge-full', remedy: expect.stringMatching(/^try again in 30 s/) });
    expect([host.isUsable, worker.isEnded]).toEqual([false, true]);
  });

  it('takes its own answer, in whatever order they come, and none of a stranger', async () => {
    const { worker, ask, host } = await hosted();
    const [first, second] = [ask(), ask()];
    worker.answer(worker.calls[1] as Call);
    worker.answer({ call: 999 });
    await pass(1);
    expect([first.value, second.value]).toEqual([undefined, expect.objectContaining({ kind: 'done' })]);
    worker.answer(worker.calls[0] as Call);
    await pass(1);
    expect([first.value, host.isUsable]).toEqual([expect.objectContaining({ kind: 'done' }), true]);
  });
});

describe('grammars in threads that misbehave', () => {
  const grammar = (text: string): Grammar => ({ kind: 'ebnf', text: `root ::= "${text}"` });

  function scene(isQuick?: (order: Call) => boolean, tokenizer: Tokenizer = createToyTokenizer(1024), patience = {}) {
    const workers: StandIn[] = [];
    const start = (): StandIn => {
      const worker = new StandIn(isQuick);
      workers.push(worker);
      return worker;
    };
    return { workers, engine: createGrammarEngine(tokenizer, {}, { ...patience, start }) };
  }

  /** Answers a call of a worker, once it has come. */
  async function answerIn(workers: readonly StandIn[], index: number, call = 0): Promise<void> {
    await expect.poll(() => workers[index]?.calls).toHaveLength(call + 1);
    workers[index]?.answer(workers[index].calls[call] as Call);
  }

  it('are warmed in slices, so that others have the event loop, and start no thread afterwards', async () => {
    const toy = createToyTokenizer(16_384);
    let inTurn = 0;
    let mostInTurn = 0;
    let isOver = false;
    const bytes = (id: number): Uint8Array => {
      inTurn += 1;
      mostInTurn = Math.max(mostInTurn, inTurn);
      return toy.bytes(id);
    };
    const { vocabularySize, endIds } = toy;
    const { engine, workers } = scene(undefined, { ...toy, vocabularySize, endIds, bytes });
    const turns = (async () => {
      while (!isOver) {
        await new Promise((resolve) => setImmediate(resolve));
        inTurn = 0;
      }
    })();
    await engine.warm?.();
    isOver = true;
    await turns;
    expect([mostInTurn > 0, mostInTurn <= 4096]).toEqual([true, true]);
    expect(workers).toHaveLength(2);
    await engine.open(grammar('a'));
    expect(workers).toHaveLength(2);
  });

  it('give back the memory that a thread has taken, once it has had nothing to do for a while', async () => {
    const { engine, workers } = scene();
    await engine.warm?.();
    const [trier, keeper] = workers as [StandIn, StandIn];
    keeper.memory = 8 * 1_048_576;
    const matcher = await engine.open(grammar('a'));
    await pass(60_000);
    expect([trier.isEnded, keeper.isEnded]).toEqual([false, false]);
    matcher.close();
    await pass(15_000);
    expect([trier.isEnded, keeper.isEnded]).toEqual([false, true]);
    await expect.poll(() => workers).toHaveLength(3);
    (await engine.open(grammar('b'))).close();
    await pass(60_000);
    expect(workers).toHaveLength(3);
  });

  it('give back the memory that many grammars have used in a thread, and keep one that few have', async () => {
    const { engine, workers } = scene();
    await engine.warm?.();
    // A grammar counts once, however often it is opened.
    for (let index = 0; index < 38; index += 1) (await engine.open(grammar(`${index % 19}`))).close();
    await pass(45_000);
    expect(workers.map(({ isEnded }) => isEnded)).toEqual([false, false]);
    (await engine.open(grammar('one more'))).close();
    await pass(45_000);
    await expect.poll(() => workers.map(({ isEnded }) => isEnded)).toEqual([true, true, false, false]);
  });

  it.each([
    [0, true],
    [1, true],
    [1, false],
  ])('find as much memory as any, where the one before has taken %d bytes and passes: %s', async (memory, passes) => {
    const { engine, workers } = scene(({ kind, matcher }) => kind === 'open' && (passes || matcher === 0));
    await engine.warm?.();
    const [trier] = workers as [StandIn];
    trier.memory = memory;
    const opened = engine.open(grammar('a')).catch(() => {});
    if (!passes) await trier.refuse({ isFault: false });
    await opened;
    expect(trier.isEnded).toBe(memory > 0);
  });

  it('go on in another thread where theirs dies', async () => {
    const { engine, workers } = scene();
    const matcher = await engine.open(grammar('a'));
    const masks = matcher.masks(0, () => [], []);
    const [, keeper] = workers;
    keeper?.emit('exit');
    await answerIn(workers, 2);
    expect(await masks).toHaveLength(1);
  });

  it('are refused at once where the same one was too dear, and no other is', async () => {
    const isDear = (order: Call): boolean => order.kind === 'open' && order.grammar.text.includes('dear');
    const { engine, workers } = scene((order) => !isDear(order));
    const refused = engine.open(grammar('dear'));
    refused.catch(() => {});
    await expect.poll(() => workers[0]?.calls).toHaveLength(1);
    await workers[0]?.refuse();
    await expect(refused).rejects.toMatchObject({ code: 'bad-argument', remedy: expect.stringMatching(/simpler/) });
    expect(engine.isKnown?.(grammar('dear'))).toBe(true);
    await expect(engine.open(grammar('dear'))).rejects.toMatchObject({ code: 'bad-argument' });
    const other = await engine.open(grammar('other'));
    expect(await other.masks(0, () => [], [])).toHaveLength(1);
    expect(workers).toHaveLength(3);
  });

  it('are not remembered as refused where the thread used more of the processor than it ever should', async () => {
    const isQuick = ({ kind, matcher }: Call) => kind === 'open' && matcher === 0;
    const { engine, workers } = scene(isQuick, undefined, { guardCpuMs: 500 });
    const opening = engine.open(grammar('a'));
    opening.catch(() => {});
    await expect.poll(() => workers[0]?.calls).toHaveLength(1);
    (workers[0] as StandIn).cpuMs = 501;
    await pass(1000);
    await expect(opening).rejects.toMatchObject({ code: 'edge-full' });
    expect(engine.isKnown?.(grammar('a'))).toBe(false);
  });

  it('are late, not refused, where the edge is busy, and compiled when it has time', async () => {
    const { engine, workers } = scene((order) => order.kind === 'open' && order.matcher === 0);
    const opening = engine.open(grammar('a'));
    opening.catch(() => {});
    await expect.poll(() => workers[0]?.calls).toHaveLength(1);
    const [trier] = workers as [StandIn];
    for (let second = 0; second < 40; second += 10) {
      trier.cpuMs += 30;
      await pass(10_000);
    }
    await expect(opening).rejects.toMatchObject({ code: 'edge-full', message: expect.stringContaining('grammar') });
    trier.answer(trier.calls[0] as Call);
    await expect.poll(() => engine.isKnown?.(grammar('a'))).toBe(true);
    expect(trier.isEnded).toBe(false);
  });

  it('whose masks take long have a thread of their own kind, so that others do not wait for them', async () => {
    const { engine, workers } = scene();
    const [slow, quick] = await Promise.all([engine.open(grammar('slow')), engine.open(grammar('quick'))]);
    const first = slow.masks(0, () => [], []);
    const keeper = workers[1] as StandIn;
    await expect.poll(() => keeper.calls).toHaveLength(1);
    keeper.cpuMs += 150;
    keeper.answer(keeper.calls[0] as Call);
    await first;
    const second = slow.masks(0, () => [], []);
    await expect.poll(() => workers[2]?.calls).toHaveLength(1);
    const other = quick.masks(0, () => [], []);
    await answerIn(workers, 1, 1);
    expect(await other).toHaveLength(1);
    await answerIn(workers, 2);
    expect(await second).toHaveLength(1);
  });

  it('whose masks were too dear begin among the slow ones the next time, and break no thread of the quick', async () => {
    const { engine, workers } = scene();
    const [dear, quick] = await Promise.all([engine.open(grammar('dear')), engine.open(grammar('quick'))]);
    expect(engine.isSlow?.(grammar('dear'))).toBe(false);
    const ended = dear.masks(0, () => [], []);
    ended.catch(() => {});
    const keeper = workers[1] as StandIn;
    await expect.poll(() => keeper.calls).toHaveLength(1);
    keeper.cpuMs += 401;
    await keeper.refuse();
    await expect(ended).rejects.toMatchObject({ code: 'bad-argument' });
    expect([engine.isSlow?.(grammar('dear')), engine.isSlow?.(grammar('quick'))]).toEqual([true, false]);
    const again = await engine.open(grammar('dear'));
    void again.masks(0, () => [], []);
    await expect.poll(() => workers[2]?.calls).toHaveLength(1);
    const other = quick.masks(0, () => [], []);
    await answerIn(workers, 3);
    expect(await other).toHaveLength(1);
  });

  it('go on where others have broken several threads, one after the other', async () => {
    const { engine, workers } = scene();
    const matcher = await engine.open(grammar('a'));
    const masks = matcher.masks(0, () => [], []);
    for (const next of [1, 2, 3]) {
      await expect.poll(() => workers[next]?.calls).toHaveLength(1);
      workers[next]?.emit('exit');
    }
    await answerIn(workers, 4);
    expect(await masks).toHaveLength(1);
  });
});
