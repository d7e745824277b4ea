import { describe, expect, it } from 'vitest';
import { type Owned, OwnedPool, unowned } from './owned-pool.ts';

interface Item extends Owned {
  readonly name: number;
  text: string;
}

/** A pool with this much room; its items are numbered in the order of their creation, and hold letters. */
function poolOf(room: number) {
  const pool = new OwnedPool<Item>((count) => (count < room ? { ...unowned, name: count, text: '' } : undefined));
  const overlapWith = (text: string) => (item: Item) => {
    let shared = 0;
    while (shared < Math.min(text.length, item.text.length) && text[shared] === item.text[shared]) shared += 1;
    return { shared, held: item.text.length };
  };
  const take = (owner: string, text: string, conversation = ''): Item | undefined =>
    pool.take({ owner, conversation, promptLength: text.length }, overlapWith(text));
  /** Takes one for a text, fills it, and leaves it. */
  const use = (owner: string, text: string, conversation = ''): number | undefined => {
    const item = take(owner, text, conversation);
    if (item === undefined) return undefined;
    Object.assign(item, { text, filledBy: owner });
    pool.leave(item);
    return item.name;
  };
  const saved = (owner: string, text: string): number => pool.saved({ owner, conversation: '' }, overlapWith(text));
  return { pool, take, use, saved };
}

describe('a pool of owned things', () => {
  it('gives a text the one of its owner with the longest common prefix, whatever was used last', () => {
    const { use, saved } = poolOf(4);
    expect([use('a', 'system one'), use('a', 'other two'), use('b', 'system one and more')]).toEqual([0, 1, 2]);
    expect(saved('a', 'system one and more')).toBe(10);
    expect(use('a', 'system one and more')).toBe(0);
    expect(use('a', 'other two and three')).toBe(1);
  });

  it('gives nothing of another owner, however equal the text', () => {
    const { use, saved } = poolOf(2);
    use('a', 'the same text');
    expect(saved('b', 'the same text')).toBe(0);
    expect(use('b', 'the same text')).toBe(1);
  });

  it('overwrites no more than it saves while there is room, or something older', () => {
    const { use, saved } = poolOf(3);
    use('c', 'old');
    expect(use('a', '<s>a long history of an agent')).toBe(1);
    // As the title of a chat is asked for between two turns.
    expect(saved('a', '<s>title?')).toBe(0);
    expect(use('a', '<s>title?')).toBe(2);
    expect(use('a', '<s>a long history of an agent, and its next turn')).toBe(1);
    // The oldest one is another owner's; next is that of the last short request.
    expect(use('a', '<s>what?')).toBe(0);
    expect(use('a', '<s>where?')).toBe(0);
    expect(use('a', '<s>a long history of an agent, and its next turn, and one more')).toBe(1);
  });

  it.each([
    ['1234x', 0],
    ['123x', 1],
  ])('overwrites at most half of a text of its owner: %s', (text, name) => {
    const { use } = poolOf(3);
    expect(use('a', '12345678')).toBe(0);
    expect(use('a', text)).toBe(name);
  });

  it.each([
    ['the whole prompt', 'prompt: another answer', 0],
    ['the prompt but its last letter, which is evaluated again', 'prompt, and more', 0],
    ['less of it', 'promp?', 1],
  ])('takes an answer for nothing where another text has %s', (_what, text, name) => {
    const { pool, take, use } = poolOf(3);
    const item = take('a', 'prompt:') as Item;
    Object.assign(item, { text: 'prompt: a long answer', filledBy: 'a' });
    pool.leave(item);
    expect(use('a', text)).toBe(name);
  });

  it('decides by the conversation between equally good ones only', () => {
    const { use } = poolOf(3);
    expect(use('a', 'one', 'first')).toBe(0);
    expect(use('a', 'two', 'second')).toBe(1);
    expect(use('b', 'x')).toBe(2);
    for (const [text, conversation, name] of [
      ['one more', 'second', 0],
      ['one more', 'first', 0],
      ['two more', 'first', 1],
    ] as const)
      expect(use('a', text, conversation)).toBe(name);
    const equal = poolOf(2);
    const [one, two] = [equal.take('a', 'same', 'first'), equal.take('a', 'same', 'second')] as [Item, Item];
    for (const item of [one, two]) {
      Object.assign(item, { text: 'same', filledBy: 'a' });
      equal.pool.leave(item);
    }
    expect(equal.take('a', 'same text', 'first')).toBe(one);
    expect(equal.take('a', 'same text', 'first')).toBe(two);
  });

  it('gives a newcomer a new one while there is room, then the one that has been idle longest', () => {
    const { pool, take } = poolOf(3);
    const items = ['a', 'b', 'c'].map((owner) => take(owner, '') as Item);
    expect(items.map(({ name }) => name)).toEqual([0, 1, 2]);
    for (const index of [1, 2, 0]) pool.leave(items[index] as Item);
    expect(['d', 'e', 'f'].map((owner) => take(owner, '')?.name)).toEqual([1, 2, 0]);
  });

  it('gives nothing while all are taken, also not to their owner', () => {
    const { pool, take } = poolOf(1);
    const item = take('a', '') as Item;
    item.filledBy = 'a';
    expect(take('a', '')).toBeUndefined();
    expect(take('b', '')).toBeUndefined();
    pool.leave(item);
    expect(take('b', '')).toBe(item);
    expect(item.owner).toBe('b');
  });

  it('compares a long text with few of those that begin so: with that of its conversation, then with the last ones', () => {
    const { pool } = poolOf(10);
    const [none, long] = [
      { shared: 0, held: 0 },
      { shared: 100_000, held: 200_000 },
    ];
    const items = Array.from({ length: 10 }, (_, index) => {
      const item = pool.take({ owner: 'a', conversation: `${index}`, promptLength: 400_000 }, () => none) as Item;
      return Object.assign(item, { filledBy: 'a' });
    });
    for (const item of items) pool.leave(item);
    const compared = (conversation: string, overlap: { readonly shared: number; readonly held: number }): number[] => {
      const names: number[] = [];
      pool.saved({ owner: 'a', conversation }, ({ name }) => {
        names.push(name);
        return overlap;
      });
      return names;
    };
    expect(compared('2', long)).toEqual([2, 9, 8]);
    expect(compared('2', { shared: 131_072, held: 131_072 })).toEqual([2, 9]);
    expect(compared('2', { shared: 1, held: 200_000 })).toEqual([2, 9, 8, 7, 6, 5, 4, 3, 1, 0]);
  });

  it('is empty after all were taken out', () => {
    const { pool, take } = poolOf(2);
    const item = take('a', '') as Item;
    expect(pool.clear()).toEqual([item]);
    expect(pool.clear()).toEqual([]);
  });

  it('says to its maker how many there are, and whether one is idle', () => {
    const asked: [count: number, hasIdle: boolean][] = [];
    const pool = new OwnedPool<Item>((count, hasIdle) => {
      asked.push([count, hasIdle]);
      return { ...unowned, name: count, text: '' };
    });
    const take = (owner: string) =>
      pool.take({ owner, conversation: '', promptLength: 1 }, () => ({ shared: 0, held: 0 }));
    const one = take('a') as Item;
    take('b');
    pool.leave(one);
    take('c');
    expect(asked).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ]);
    expect(pool.clear().map(({ name }) => name)).toEqual([0, 1, 2]);
    expect(unowned.isTaken).toBe(false);
  });
});
