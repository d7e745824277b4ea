// Grammars in their threads: what one of them costs or breaks, others do not feel.

import { afterAll, describe, expect, it } from 'vitest';
import { allowedCount, isAllowed } from '../../core/decoding/candidates.ts';
import { type Grammar, grammarBytesLimit } from '../../core/decoding/grammar.ts';
import type { GrammarEngine } from '../port/grammar-engine.ts';
import { createToyTokenizer } from '../port/toy-tokenizer.ts';
import { createGrammarEngine } from './xgrammar.ts';

const vocabularySize = 2048;
const tokenizer = createToyTokenizer(vocabularySize);
const engine = createGrammarEngine(tokenizer);
afterAll(() => engine[Symbol.asyncDispose]());

/** One id for each byte. */
const ids = (text: string): number[] => [...new TextEncoder().encode(text)].map((byte) => vocabularySize - 256 + byte);
const from = (text: string) => (index: number) => ids(text).slice(index);
const schemaOf = (schema: object): Grammar => ({ kind: 'json-schema', text: JSON.stringify(schema) });
const ofOneNumber = { properties: { a: { type: 'integer' } }, required: ['a'], additionalProperties: false };
const whole = schemaOf({ type: 'object', ...ofOneNumber });

describe('masks', () => {
  it('are made after the answer and after each draft, up to the first that breaks the grammar', async () => {
    const matcher = await engine.open(whole);
    const text = '{"a": 1';
    const masks = await matcher.masks(2, from(text.slice(0, 2)), ids('a": x'));
    expect(masks).toHaveLength(5);
    expect(masks.slice(0, 4).map((mask) => allowedCount(mask, vocabularySize))).toEqual([1, 1, 1, 1]);
    const last = masks[4] as Uint32Array;
    expect([isAllowed(last, ids('7')[0] as number), isAllowed(last, ids('x')[0] as number)]).toEqual([true, false]);
    expect(await matcher.masks(text.length, from(text), [])).toHaveLength(1);
    matcher.close();
  });

  it('allow an end token where the text is complete, and nothing after it', async () => {
    const matcher = await engine.open(whole);
    const text = '{"a": 1}';
    const [end] = [...tokenizer.endIds];
    const masks = await matcher.masks(text.length, from(text), [end as number, 7]);
    expect(masks).toHaveLength(1);
    expect(isAllowed(masks[0] as Uint32Array, end as number)).toBe(true);
    matcher.close();
  });

  it('are refused for an answer that does not follow the grammar', async () => {
    const matcher = await engine.open(whole);
    await expect(matcher.masks(1, from('['), [])).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('tell what must come', async () => {
    const matcher = await engine.open(whole);
    const next = await matcher.next(0, from(''), ids('{"'));
    expect(next?.forced).toBe('a": ');
    expect(await matcher.next(0, from(''), ids('x'))).toBeNull();
    matcher.close();
  });
});

describe('a grammar that costs much', () => {
  it('ends alone: another one goes on in a thread of its own', async () => {
    const other = await engine.open(whole);
    const bomb = await engine.open({ kind: 'ebnf', text: 'root ::= s\ns ::= "a" | s s | s s s | ("a"){1,400} s' });
    const text = 'a'.repeat(4000);
    const slow = bomb.masks(4000, from(text), []);
    slow.catch(() => {});
    expect(await other.masks(2, from('{"'), [])).toHaveLength(1);
    const refused = { code: 'bad-argument', message: expect.stringContaining('more work than a grammar may') };
    await expect(slow).rejects.toMatchObject(refused);
    expect(await other.masks(3, (index) => ids('{"a').slice(index), [])).toHaveLength(1);
    other.close();
  });

  it.each([
    ['longer than allowed', { kind: 'ebnf', text: `root ::= "${'x'.repeat(grammarBytesLimit)}"` } as const],
    [
      'deeper than the stack',
      { kind: 'json-schema', text: `${'{"items":'.repeat(3000)}{}${'}'.repeat(3000)}` } as const,
    ],
    ['larger than the memory', schemaOf({ type: 'string', pattern: '^((a{1,500}){1,500}){1,500}$' })],
  ])('%s is refused', async (_name, grammar) => {
    await expect(engine.open(grammar)).rejects.toMatchObject({ code: 'bad-argument' });
    const after = await engine.open(whole);
    expect(await after.masks(0, from(''), [])).toHaveLength(1);
    after.close();
  });
});

describe('the work of a grammar', () => {
  const text = (count: number): Grammar => ({ kind: 'ebnf', text: `root ::= "<" ([a-e] | "x" [f-h]){0,${count}} ">"` });
  const verdictOf = (engine: GrammarEngine, grammar: Grammar): Promise<string> =>
    engine.open(grammar).then(
      (matcher) => {
        matcher.close();
        return 'followed';
      },
      (error: Error) => /more work/.exec(error.message)?.[0] ?? error.message,
    );
  const engineOf = (limits: object) => createGrammarEngine(tokenizer, limits);

  it('is the same count whatever was compiled before, so that the verdict is, to the last unit', async () => {
    const work = 156_743;
    const verdicts = await Promise.all(
      [[20], [5, 60, 7, 20]].map(async (counts) => {
        const found: string[] = [];
        for (const limit of [work, work - 1]) {
          await using counted = engineOf({ compileWork: limit });
          const all: string[] = [];
          for (const count of counts) all.push(await verdictOf(counted, text(count)));
          found.push(all[counts.indexOf(20)] as string);
        }
        return found;
      }),
    );
    expect(verdicts).toEqual(Array(2).fill(['followed', 'more work']));
  });

  it('is refused for each of several at once, and one that takes less is followed beside them', async () => {
    await using counted = engineOf({ compileWork: 200_000 });
    const dear = [100, 101, 102, 103].map((count) => verdictOf(counted, text(count)));
    expect(await Promise.all([...dear, verdictOf(counted, text(3))])).toEqual([
      ...Array(4).fill('more work'),
      'followed',
    ]);
  });
});
