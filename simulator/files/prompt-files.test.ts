import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePrompts, readPromptFile, readPromptFiles, takeInTurn, takeOfEach } from './prompt-files.ts';

const specBench = (id: number, category: string) =>
  JSON.stringify({ question_id: id, category, turns: [`q${id}`, 'more'] });

describe('prompt files', () => {
  it('are read in the forms of the known sets', () => {
    const { prompts, source, licence } = parsePrompts(
      [
        specBench(81, 'writing'),
        '{"task_id": "HumanEval/3", "prompt": "def f():\\n", "entry_point": "f"}',
        '{"question": "How many?", "answer": "#### 3"}',
      ].join('\n'),
      'mixed.jsonl',
    );
    expect(prompts).toEqual([
      { id: 'spec-bench/81', task: 'writing', form: { messages: [{ role: 'user', content: 'q81' }] } },
      { id: 'humaneval/3', task: 'code', form: { text: 'def f():\n' } },
      { id: 'gsm8k/2', task: 'math', form: { messages: [{ role: 'user', content: 'How many?' }] } },
    ]);
    expect(source).toMatch(/Spec-Bench .*HumanEval .*GSM8K/);
    expect(licence).toBe('Apache-2.0, MIT, MIT');
  });

  it('are read in our own form, and name themselves as the source', () => {
    const messages = [{ role: 'user', content: 'hello' }];
    const file = parsePrompts(
      `{"prompt": "a"}\n\n${JSON.stringify({ messages, id: 'x', task: 'chat' })}\n`,
      'my.jsonl',
    );
    expect(file.prompts).toEqual([
      { id: 'prompt/0', task: 'prompt', form: { text: 'a' } },
      { id: 'x', task: 'chat', form: { messages } },
    ]);
    expect(file).toMatchObject({ source: 'my.jsonl', licence: 'unknown' });
  });

  it('are refused with the line that is wrong', () => {
    expect(() => parsePrompts('{"prompt": "a"}\n{"prompt": 3}', 'f')).toThrow('f, line 2 is no prompt');
    expect(() => parsePrompts('{"prompt": "a"', 'f')).toThrow('f, line 1 is no prompt');
    expect(() => parsePrompts('{"messages": [{"role": "robot", "content": ""}]}', 'f')).toThrow(/line 1/);
    expect(() => parsePrompts('{"prompt": "a", "id": "x"}\n{"prompt": "b", "id": "x"}', 'f')).toThrow(/occurs twice/);
    expect(() => parsePrompts('\n', 'f')).toThrow(/no prompt/);
    expect(() => readPromptFile('/nowhere/prompts.jsonl')).toThrow(/can't read/);
  });

  it('are thinned out evenly over the tasks', () => {
    const lines = [1, 2, 3].flatMap((n) => [specBench(n, 'a'), specBench(n + 10, 'b')]);
    const { prompts } = parsePrompts([...lines, specBench(20, 'c')].join('\n'), 'f');
    expect(takeInTurn(prompts, 5).map(({ id }) => id)).toEqual(
      ['1', '11', '2', '12', '20'].map((id) => `spec-bench/${id}`),
    );
    expect(takeOfEach(prompts, 1).map(({ task }) => task)).toEqual(['a', 'b', 'c']);
  });

  it('are read from several files, of the first another number than of the others', () => {
    const folder = mkdtempSync(join(tmpdir(), 'outrider-prompts-'));
    const paths = ['one', 'two'].map((name, index) => {
      const path = join(folder, name);
      writeFileSync(path, [1, 2, 3].map((n) => specBench(n + 100 * index, 'a')).join('\n'));
      return path;
    });
    const ids = ['1', '2', '101'].map((id) => `spec-bench/${id}`);
    expect(readPromptFiles(paths, { first: 2, others: 1 }).prompts.map(({ id }) => id)).toEqual(ids);
    expect(readPromptFiles(paths).prompts.length).toBe(6);
    expect(() => readPromptFiles([...paths, paths[0] as string])).toThrow(/two files have a prompt/);
    rmSync(folder, { recursive: true });
  });
});
