import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { requirePair } from '../../src/models/files/manifest.ts';
import { defaultPair } from '../../src/models/files/manifest-data.ts';
import {
  defaultTraceFile,
  findTrace,
  findTraceFile,
  shippedTraceFiles,
  shippedTraceFilesOf,
  shippedTraceNames,
} from './shipped-traces.ts';
import { readTrace } from './trace-files.ts';

const traces = shippedTraceFilesOf(defaultPair.target).map(readTrace);

describe('the traces that come with outrider', () => {
  it('are small, whole, and of the default target', () => {
    expect(shippedTraceFiles().reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(5e6);
    for (const { header } of traces) {
      expect(header.target.name).toBe(defaultPair.target);
      expect(header.source).toMatch(/Spec-Bench .*HumanEval .*GSM8K/);
      expect(header.licence).toBe('prompts: Apache-2.0, MIT; models: Apache-2.0');
    }
  });

  it('are of the same prompts, of every kind', () => {
    for (const { sessions } of traces) {
      const count = (start: string): number => sessions.filter(({ id }) => id.startsWith(start)).length;
      expect([count('spec-bench/'), count('humaneval/'), count('gsm8k/')]).toEqual([80, 20, 20]);
      const specBench = sessions.filter(({ id }) => id.startsWith('spec-bench/'));
      expect(new Set(specBench.map(({ task }) => task)).size).toBe(13);
      expect(sessions.map(({ prompt }) => prompt)).toEqual(traces[0]?.sessions.map(({ prompt }) => prompt));
    }
  });

  it('have one at temperature 0 for each draft, with the same answers for all drafts', () => {
    const answers = new Map<number, string>();
    const kinds = traces.map(({ header, sessions }) => {
      const { temperature } = header.sampling;
      const all = JSON.stringify(sessions.map(({ answer }) => answer));
      expect(answers.get(temperature) ?? all).toBe(all);
      answers.set(temperature, all);
      return `${header.draft.name} ${temperature}`;
    });
    const drafts = [...new Set(traces.map(({ header }) => header.draft.name))];
    expect(drafts).toContain(defaultPair.draft);
    expect(kinds).toEqual(expect.arrayContaining(drafts.map((draft) => `${draft} 0`)));
    expect(new Set(kinds).size).toBe(kinds.length);
  });

  it('are found by name, or as the default', () => {
    expect(shippedTraceNames()).toEqual(expect.arrayContaining(['coarse-greedy', 'long/coarse']));
    expect(findTrace('coarse-greedy').header.draft.name).toBe('smollm2-135m-coarse');
    expect(findTraceFile(defaultTraceFile())).toBe(defaultTraceFile());
    expect(readTrace(defaultTraceFile()).header).toMatchObject({ draft: { name: defaultPair.draft } });
    expect(findTrace('qwen-coder-greedy').header).toMatchObject({
      target: { name: requirePair('qwen2.5-coder').target },
      draft: { name: requirePair('qwen2.5-coder').draft },
    });
    expect(() => findTrace('nothing')).toThrow(/there is no trace "nothing"/);
  });
});
