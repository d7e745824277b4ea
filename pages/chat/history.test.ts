import { describe, expect, it } from 'vitest';
import { FakeStore } from './fake.fixture.ts';
import { History } from './history.ts';
import type { Message } from './message.ts';

const message = (id: string, more: Partial<Message> = {}): Message => ({
  ...{ id, chat: 'c', parent: null, role: 'user', text: `text of ${id}`, atMs: 100, end: 'whole' },
  ...more,
});

const idsIn = (history: History, chat = 'c'): readonly string[] => [...history.messagesOf(chat).keys()].sort();

/** Tabs of one browser: what one writes the others are notified of. */
function tabs(count: number): { readonly store: FakeStore; readonly tabs: readonly History[] } {
  const store = new FakeStore();
  const all = Array.from({ length: count }, () => new History(store, 0));
  store.onChange = (name, value) => {
    for (const tab of all) tab.adopt(name, value, 0);
  };
  return { store, tabs: all };
}

describe('the history', () => {
  it('is there again in a new tab', () => {
    const { store, tabs: all } = tabs(1);
    all[0]?.put(message('a'));
    all[0]?.put(message('a', { text: 'more' }));
    expect(new History(store, 0).messagesOf('c').get('a')?.text).toBe('more');
  });

  it('loses nothing of two tabs that write one chat, even where no tab is notified', () => {
    const { store, tabs: all } = tabs(2);
    store.onChange = () => {};
    for (const [index, tab] of all.entries())
      for (const id of ['a', 'b']) tab.put(message(`${id}${index}`, { parent: 'x' }));
    expect(idsIn(new History(store, 0))).toEqual(['a0', 'a1', 'b0', 'b1']);
  });

  it('shows what another tab writes', () => {
    const { tabs: all } = tabs(2);
    all[0]?.put(message('a'));
    expect(idsIn(all[1] as History)).toEqual(['a']);
  });

  it('deletes a chat in all tabs, and keeps what came after that', () => {
    const { store, tabs: all } = tabs(2);
    const [one, other] = all as [History, History];
    // What was written in the very ms of the deletion belongs to it.
    for (const [id, atMs] of Object.entries({ a: 100, e: 200 })) one.put(message(id, { atMs }));
    other.remove('c', 200);
    expect(idsIn(one)).toEqual([]);
    // The end of an answer that was begun before.
    const kept = [150, 200, 250].map((atMs) => one.put(message(atMs === 250 ? 'd' : 'b', { atMs })));
    expect(kept).toEqual([false, false, true]);
    expect(idsIn(new History(store, 300))).toEqual(['d']);
    expect([...store.items.keys()].filter((name) => name.includes('.message.'))).toHaveLength(1);
  });

  it('forgets deletions after a week', () => {
    const store = new FakeStore();
    new History(store, 0).remove('c', 1000);
    const lengths = [-1, 0].map((ms) => {
      new History(store, 1000 + 7 * 24 * 3_600_000 + ms);
      return store.length;
    });
    expect(lengths).toEqual([1, 0]);
  });

  it('goes without a storage, and reports a full one', () => {
    const without = new History(null, 0);
    without.put(message('a'));
    expect([idsIn(without), without.isKept]).toEqual([['a'], false]);
    const store = new FakeStore();
    store.mostItems = 1;
    const full = new History(store, 0);
    for (const id of ['a', 'b']) full.put(message(id));
    expect([idsIn(full), full.isFull.value]).toEqual([['a', 'b'], true]);
  });

  it('ignores what is no message', () => {
    const store = new FakeStore();
    for (const [name, value] of [
      ['outrider.message.c.a', '{'],
      ['outrider.message.c.b', '{"id":"b"}'],
      ['outrider.message.c.d', JSON.stringify(message('other'))],
      ['outrider.message.c.e', JSON.stringify({ ...message('e'), facts: { ms: 'x' } })],
      ['outrider.message.c.f', JSON.stringify({ ...message('f'), drafted: ['x'] })],
      ['outrider.deleted.c', 'never'],
      ['another', 'x'],
    ] as const)
      store.setItem(name, value);
    expect(new History(store, 0).chats.value.size).toBe(0);
  });
});
