import { expect, it } from 'vitest';
import type { Message } from './message.ts';
import { pathOf, start, treeOf } from './message.ts';

it('shows the newest of several messages, and of those of one ms the same one in each tab', () => {
  const message = (id: string, atMs: number, parent: string | null = null) =>
    [id, { id, atMs, parent } as Message] as const;
  const all = [message('b', 5), message('a', 5), message('c', 4), message('d', 6, 'b'), message('e', 6, 'gone')];
  for (const some of [all, all.toReversed()]) {
    const tree = treeOf(new Map(some));
    expect(tree.get(start)?.map(({ id }) => id)).toEqual(['c', 'a', 'b', 'e']);
    expect(pathOf(tree, new Map([[start, 'b']])).map(({ id }) => id)).toEqual(['b', 'd']);
    expect(pathOf(tree, new Map()).map(({ id }) => id)).toEqual(['e']);
  }
});
