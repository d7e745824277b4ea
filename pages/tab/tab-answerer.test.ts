import { expect, it } from 'vitest';
import type { AnswerEnd, Answerer, Question } from '../parts/answerer.ts';
import type { Tab } from './tab.ts';
import { createTabAnswerer } from './tab-answerer.ts';
import type { TabState } from './tab-messages.ts';

const question: Question = { said: [], seed: 1, temperature: 0, mostTokens: 4, withDrafts: true };
const end = { reason: 'end', tokens: 1 } as AnswerEnd;

/** A page whose endpoint refuses to be opened without a key, and whose tabs note what they are asked with. */
function bed() {
  const page = { key: 'first' as string | null, closed: [] as string[], asked: [] as string[] };
  const otherwise: Answerer = {
    async open() {
      if (page.key === null) throw new Error('a key is asked for');
      return { model: 'm', drafts: 'none', emulated: {} };
    },
    async answer() {
      page.asked.push('the endpoint');
      return end;
    },
  };
  const openDevice = async ({ key = '' }: { readonly key?: string | undefined } = {}): Promise<Tab> => ({
    state: { model: 'm' } as TabState,
    ask() {
      page.asked.push(`a tab with the key ${key}`);
      const report = Promise.resolve({
        reason: 'stop',
        mode: 'auto',
        edges: [],
        tokens: 1,
        sentDrafts: 0,
        acceptedTokens: 0,
      });
      return { report, onLink: null, stop() {}, async *[Symbol.asyncIterator]() {} } as unknown as ReturnType<
        Tab['ask']
      >;
    },
    close: () => void page.closed.push(key),
  });
  const answerer = createTabAnswerer({ keyOf: () => page.key, otherwise }, openDevice);
  const ask = () => answerer.answer(question, () => {}, new AbortController().signal);
  return { page, answerer, ask };
}

it('lets the tab answer with the key of the page', async () => {
  const { page, answerer, ask } = bed();
  expect((await answerer.open()).drafts).toBe('tab');
  await ask();
  expect(page.asked).toEqual(['a tab with the key first']);
});

it('asks for nothing more with a key that was forgotten, and ends its tab', async () => {
  const { page, answerer, ask } = bed();
  await answerer.open();
  page.key = null;
  await ask();
  await expect(answerer.open()).rejects.toThrow('a key is asked for');
  expect(page.closed).toEqual(['first']);
  page.key = 'second';
  await answerer.open();
  await ask();
  expect(page.asked).toEqual(['the endpoint', 'a tab with the key second']);
});
