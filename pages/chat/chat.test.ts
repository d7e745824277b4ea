import { describe, expect, it } from 'vitest';
import { AnswerFailure } from '../parts/answerer.ts';
import { words } from '../parts/words.ts';
import { Chat } from './chat.ts';
import { exportFormat, exportOf } from './export.ts';
import { FakeAnswerer, FakeStore } from './fake.fixture.ts';
import { History } from './history.ts';
import type { Message } from './message.ts';
import { Settings } from './settings.ts';

interface Bed {
  readonly chat: Chat;
  readonly answerer: FakeAnswerer;
  readonly store: FakeStore;
  /** Role and text of what is shown. */
  readonly shown: () => readonly string[];
  /** The chat of a page that is loaded again. */
  readonly reload: () => Chat;
}

function bedOf(script: FakeAnswerer['script'] = async (_, say) => say('yes')): Bed {
  const store = new FakeStore();
  const answerer = new FakeAnswerer(script);
  let now = 0;
  const tick = (): number => {
    now += 1;
    return now;
  };
  const settings = new Settings(store);
  const reload = (): Chat =>
    new Chat({ answerer, history: new History(store, 0), settings, nowMs: tick, dateMs: tick, random: tick });
  const chat = reload();
  const shown = () => chat.path.value.map(({ role, text }) => `${role}: ${text}`);
  return { chat, answerer, store, shown, reload };
}

/** Resolves when it is stopped. */
const untilStopped = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new AnswerFailure('cut'))));

describe('a chat', () => {
  it('asks with all that was said, and keeps text, seed, drafts and figures', async () => {
    const { chat, answerer, store, shown } = bedOf(async (_, say) => {
      say('a', true);
      say('b', true);
      say('c');
    });
    await chat.send('one');
    await chat.send('two');
    expect(shown()).toEqual(['user: one', 'assistant: abc', 'user: two', 'assistant: abc']);
    expect(answerer.asked[1]?.said.map(({ text }) => text)).toEqual(['one', 'abc', 'two']);
    const answer = chat.path.value[1];
    expect(answer).toMatchObject({
      end: 'whole',
      drafted: [0, 2],
      facts: { mode: 'stream', tokens: 2, sentDrafts: 4 },
    });
    expect(answer?.seed).toBe(answerer.asked[0]?.seed);
    const again = new History(store, 0).messagesOf(chat.open.value);
    expect([...again.values()].map(({ text }) => text)).toEqual(['one', 'abc', 'two', 'abc']);
  });

  it('sends nothing empty, and nothing while an answer is written', async () => {
    const { chat, answerer } = bedOf((_, __, signal) => untilStopped(signal));
    await chat.send(' \n');
    const first = chat.send('one');
    await chat.send('two');
    chat.stop();
    await first;
    expect(answerer.asked).toHaveLength(1);
  });

  it('keeps what was written when it is stopped', async () => {
    const { chat, shown } = bedOf((_, say, signal) => {
      say('half');
      return untilStopped(signal);
    });
    const sent = chat.send('one');
    chat.stop();
    await sent;
    expect(shown()).toEqual(['user: one', 'assistant: half']);
    expect(chat.path.value[1]).toMatchObject({ end: 'stopped' });
    expect([chat.notice.value, chat.running.value]).toEqual([null, null]);
  });

  it.each([
    ['key', words.failures.key],
    ['away', words.failures.away],
    ['cut', words.failures.cut],
    ['refused', words.failures.refused('why')],
  ] as const)('says in a sentence why an answer failed, and keeps what was written: %s', async (kind, sentence) => {
    const { chat, shown } = bedOf(async (_, say) => {
      say('half');
      throw new AnswerFailure(kind, 'why');
    });
    await chat.send('one');
    expect(shown()).toEqual(['user: one', 'assistant: half']);
    expect(chat.path.value[1]).toMatchObject({ end: 'failed', failure: sentence });
    expect([chat.notice.value, chat.needsKey.value]).toEqual([sentence, kind === 'key']);
    await chat.connect();
    expect([chat.notice.value, chat.needsKey.value]).toEqual([null, false]);
  });

  it('keeps earlier answers and questions beside the new ones', async () => {
    let count = 0;
    const { chat, shown } = bedOf(async (_, say) => {
      count += 1;
      say(`answer ${count}`);
    });
    await chat.send('one');
    const [question, answer] = chat.path.value;
    if (question === undefined || answer === undefined) throw new Error('nothing is shown');
    await chat.again(answer);
    expect(shown()).toEqual(['user: one', 'assistant: answer 2']);
    await chat.edit(question, 'other');
    expect(shown()).toEqual(['user: other', 'assistant: answer 3']);
    chat.choose(question);
    expect(shown()).toEqual(['user: one', 'assistant: answer 2']);
    chat.choose(answer);
    expect(shown()).toEqual(['user: one', 'assistant: answer 1']);
    const seeds = [...chat.history.messagesOf(chat.open.value).values()].flatMap(({ seed }) => seed ?? []);
    expect(new Set(seeds).size).toBe(3);
  });

  it('shows the version that was chosen after a reload, and in each chat its own', async () => {
    let count = 0;
    const { chat, store, shown, reload } = bedOf(async (_, say) => {
      count += 1;
      say(`answer ${count}`);
    });
    const first = chat.open.value;
    await chat.send('one');
    const [question, answer] = chat.path.value;
    if (question === undefined || answer === undefined) throw new Error('nothing is shown');
    await chat.again(answer);
    await chat.edit(question, 'other');
    for (const message of [question, answer]) chat.choose(message);
    const chosen = ['user: one', 'assistant: answer 1'];
    expect(shown()).toEqual(chosen);
    chat.begin();
    await chat.send('two');
    const [second] = chat.path.value;
    if (second !== undefined) await chat.edit(second, 'three');
    chat.show(first);
    expect(shown()).toEqual(chosen);
    const again = reload();
    again.show(first);
    expect(again.path.value.map(({ text }) => text)).toEqual(['one', 'answer 1']);
    const names = () => [...store.items.keys()].filter((name) => name.includes('.chosen.'));
    expect(names()).toHaveLength(2);
    again.removeAll();
    expect(names()).toEqual([]);
    store.setItem(`outrider.chosen.${first}`, '[["a",1],"b",null,["c","d"]]');
    store.setItem('outrider.chosen.gone', '{');
    reload();
    expect(names()).toEqual([]);
  });

  it('compares the same prompt and seed without and with drafts, after the prompt was read', async () => {
    const { chat, answerer } = bedOf(async (_, say) => say('same'));
    await chat.send('one', true);
    expect(answerer.asked.map(({ withDrafts, mostTokens }) => [withDrafts, mostTokens === 1])).toEqual([
      [false, true],
      [false, false],
      [true, false],
    ]);
    expect(new Set(answerer.asked.map(({ seed, said }) => JSON.stringify([seed, said]))).size).toBe(1);
    expect(chat.path.value[1]).toMatchObject({ text: 'same', comparison: { differsAt: null, characters: 4 } });
    const [, answer] = chat.path.value;
    if (answer !== undefined) await chat.again(answer, true);
    expect(answerer.asked[4]?.seed).toBe(answer?.seed);
  });

  it('measures how the time per token varies in each run, and keeps it', async () => {
    const { chat, reload } = bedOf(async (_, say) => {
      for (const letter of 'ten tokens') say(letter);
    });
    await chat.send('one', true);
    const later = reload();
    later.show(chat.open.value);
    const { plain, drafts } = later.path.value[1]?.comparison ?? {};
    // The clock of this test is even.
    expect([plain?.spreadMs, drafts?.spreadMs]).toEqual([0, 0]);
  });

  it('says where two texts differ', async () => {
    const { chat } = bedOf(async ({ withDrafts }, say) => say(withDrafts ? 'same, but' : 'same, and'));
    await chat.send('one', true);
    expect(chat.path.value[1]).toMatchObject({ comparison: { differsAt: 6 } });
  });

  it('keeps the text of the run without drafts when the other fails', async () => {
    const { chat } = bedOf(async ({ withDrafts }, say) => {
      if (withDrafts) throw new AnswerFailure('away');
      say('plain');
    });
    await chat.send('one', true);
    expect(chat.path.value[1]).toMatchObject({ text: 'plain', end: 'failed' });
    expect(chat.path.value[1]?.comparison).toBeUndefined();
  });

  it('ends an answer whose chat is deleted, and leaves nothing of it', async () => {
    const { chat, store } = bedOf((_, say, signal) => {
      say('half');
      return untilStopped(signal);
    });
    const sent = chat.send('one');
    chat.remove(chat.open.value);
    await sent;
    expect([...store.items.keys()].filter((name) => name.includes('.message.'))).toEqual([]);
    expect(chat.path.value).toEqual([]);
  });

  it('asks beside an answer that another tab is writing, and after one that has no end', async () => {
    const { chat, answerer, shown } = bedOf();
    await chat.send('one');
    const [, last] = chat.path.value;
    if (last === undefined) throw new Error('nothing is shown');
    const theirs = { ...last, id: 'q', parent: last.id, role: 'user', text: 'their question', atMs: 900 } as const;
    const half = { ...theirs, id: 'a', parent: 'q', role: 'assistant', text: 'half', end: 'writing' } as const;
    const adopt = (message: Message, nowMs: number): void =>
      chat.history.adopt(`outrider.message.${message.chat}.${message.id}`, JSON.stringify(message), nowMs);
    for (const message of [theirs, half]) adopt(message, 0);
    expect(shown().at(-1)).toBe('assistant: half');
    await chat.send('two');
    expect(answerer.asked.at(-1)?.said.map(({ text }) => text)).toEqual(['one', 'yes', 'two']);
    chat.choose(theirs);
    // Nothing has come of it for long.
    adopt(half, -5000);
    await chat.send('three');
    expect(answerer.asked.at(-1)?.said.map(({ text }) => text)).toEqual([
      'one',
      'yes',
      'their question',
      'half',
      'three',
    ]);
  });

  it('gives all chats as a file', async () => {
    const { chat } = bedOf();
    await chat.send('one');
    const file = JSON.parse(exportOf(chat.history.chats.value, 0));
    expect(file).toMatchObject({ format: exportFormat, chats: [{ messages: [{ text: 'one' }, { text: 'yes' }] }] });
  });
});
