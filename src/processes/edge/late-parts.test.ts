import { describe, expect, it } from 'vitest';
import { badArgument } from '../../core/basics/errors.ts';
import type { RowAsk } from '../../core/decoding/candidates.ts';
import { TokenText } from '../../core/decoding/token-text.ts';
import { LateParts, type RunningPart } from './late-parts.ts';

type Asks = readonly RowAsk[] | null;

/** A part with one row for each number; its masks come when the test gives them. */
function partOf(rows: number) {
  const asks = Promise.withResolvers<Asks>();
  const text = TokenText.of([1, 2, 3]);
  const ticket = { incarnation: 1, generation: 1, length: 3, drafts: [], deviceDrafts: 0 };
  const kv = { owner: 'one', filledBy: 'one', tokens: [1, 2], compared: null, comparedTo: 0 };
  const entry = { state: { ticket, text, open: { grammar: {} } }, kv: kv as object | null, asks: asks.promise };
  const item = { sequence: {}, tokens: Array(rows).fill(0), rows };
  const part = { entry, ticket, kv, owner: 'one', heldTokens: 2, prefillTokens: 0, item } as unknown as RunningPart;
  return { part, entry, kv, asks };
}

function scene() {
  const over: (() => void)[] = [];
  const events: string[] = [];
  const late = new LateParts(
    {
      after: (_ms, callback) => {
        over.push(callback);
        return () => {};
      },
    },
    {
      asks: (entry) => (entry as unknown as { asks: Promise<Asks> }).asks,
      refuse: (_, error) => void events.push(`refused: ${(error as Error).message}`),
      missed: () => void events.push('missed'),
      wake: () => void events.push('woken'),
    },
  );
  /** A step whose patience ends before masks come that the test has not given. */
  const step = async (...parts: readonly RunningPart[]): Promise<readonly number[]> => {
    const running = late.ask(parts, 1);
    await turn();
    over.splice(0).forEach((end) => {
      end();
    });
    return (await running).map(({ item }) => item.rows);
  };
  const take = (mostRows = 100): readonly number[] => late.take(mostRows).map(({ item }) => item.rows);
  return { step, take, events };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('parts of a step whose masks are late', () => {
  it('are left out of it, and can run when their masks have come', async () => {
    const { step, take, events } = scene();
    const [slow, quick] = [partOf(3), partOf(1)];
    quick.asks.resolve([]);
    expect(await step(slow.part, quick.part)).toEqual([1]);
    expect([take(), events]).toEqual([[], []]);
    slow.asks.resolve([]);
    await turn();
    expect([events, take(), take()]).toEqual([['woken'], [3], []]);
  });

  it('are no more in one step than it has rows for, the first always', async () => {
    const { step, take } = scene();
    const all = [partOf(30), partOf(4), partOf(4), partOf(4)];
    await step(...all.map(({ part }) => part));
    for (const { asks } of all) asks.resolve([]);
    await turn();
    expect([take(8), take(8), take(8)]).toEqual([[30], [4, 4], [4]]);
  });

  it('are planned again where their session has lost its place, or another text is in it', async () => {
    const { step, take, events } = scene();
    const [left, taken, other] = [partOf(1), partOf(2), partOf(3)];
    await step(left.part, taken.part, other.part);
    left.entry.kv = null;
    taken.kv.owner = 'two';
    other.kv.tokens.pop();
    for (const { asks } of [left, taken, other]) asks.resolve([]);
    await turn();
    events.length = 0;
    expect([take(), events]).toEqual([[], ['missed', 'missed', 'missed']]);
  });

  it('are dropped where their text is over', async () => {
    const { step, take, events } = scene();
    const part = partOf(1);
    await step(part.part);
    part.entry.state = { ...part.entry.state, ticket: null as never };
    expect([take(), events]).toEqual([[], []]);
  });

  it('are refused alone, whenever it turns out', async () => {
    const { step, take, events } = scene();
    const [now, later, fine] = [partOf(1), partOf(2), partOf(3)];
    now.asks.reject(badArgument('now', ''));
    fine.asks.resolve(null);
    expect(await step(now.part, later.part, fine.part)).toEqual([]);
    expect(events.sort()).toEqual(['missed', 'refused: now']);
    later.asks.reject(badArgument('later', ''));
    await turn();
    expect([take(), events.at(-1)]).toEqual([[], 'refused: later']);
  });
});
