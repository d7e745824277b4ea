import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { parsePrompts } from '../../files/prompt-files.ts';
import { readTrace } from '../../files/trace-files.ts';
import { type RecordOptions, recordTrace } from './record.ts';

const directory = mkdtempSync(join(tmpdir(), 'outrider-trace-'));
const out = join(directory, 'toy.trace');
const file = parsePrompts(
  ['one', 'two', 'three'].map((prompt) => JSON.stringify({ prompt })).join('\n'),
  'three.jsonl',
);

afterEach(() => {
  for (const path of [out, `${out}.partial`]) rmSync(path, { force: true });
});

afterAll(() => rmSync(directory, { recursive: true }));

async function record(changes: Partial<RecordOptions> = {}, contextLength = 256, prompts = file) {
  await using target = createToyModel({ seed: 3, role: 'target', sequences: 1, contextLength });
  await using draft = createToyModel({ seed: 3, role: 'draft', sequences: 1, contextLength });
  const options = { out, sampling: neutralSampling, tokens: 20, wrongDepth: 4, modelLicence: 'none', ...changes };
  return await recordTrace(target, draft, prompts, options);
}

describe('trace record', () => {
  it('writes a trace of all prompts', async () => {
    const told: number[] = [];
    const result = await record({ onProgress: (_label, done) => told.push(done) });
    expect(result).toMatchObject({ sessions: 3, resumed: 0, tokens: 60 });
    const { header, sessions } = readTrace(out);
    expect(header).toMatchObject({ answerTokens: 20, wrongDepth: 4, source: 'three.jsonl' });
    expect(header.licence).toBe('prompts: unknown; models: none');
    expect(sessions.map(({ id }) => id)).toEqual(['prompt/0', 'prompt/1', 'prompt/2']);
    expect(told.at(-1)).toBe(60);
    await expect(record()).rejects.toThrow(/already a file/);
  });

  it('goes on after an interruption, to the same bytes', async () => {
    await record();
    const whole = readFileSync(out);
    rmSync(out);
    let count = 0;
    const interrupt = (): void => {
      count += 1;
      if (count === 50) throw new Error('power cut');
    };
    await expect(record({ onProgress: interrupt })).rejects.toThrow('power cut');
    expect(existsSync(out)).toBe(false);
    // Half a session more, as a crash in the middle of writing leaves it.
    const left = readFileSync(`${out}.partial`);
    writeFileSync(`${out}.partial`, whole.subarray(0, left.length + 9));
    expect(await record()).toMatchObject({ sessions: 3, resumed: 2, tokens: 20 });
    expect(readFileSync(out).equals(whole)).toBe(true);
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it('does not mix recordings', async () => {
    const interrupt = (): never => {
      throw new Error('power cut');
    };
    await expect(record({ onProgress: interrupt })).rejects.toThrow('power cut');
    await expect(record({ tokens: 21 })).rejects.toThrow(/another recording/);
    const afterFirst = (_label: string, done: number): void => {
      if (done > 20) interrupt();
    };
    await expect(record({ onProgress: afterFirst })).rejects.toThrow('power cut');
    const changed = parsePrompts(
      ['ONE', 'two', 'three'].map((prompt) => JSON.stringify({ prompt })).join('\n'),
      file.source,
    );
    await expect(record({}, 256, changed)).rejects.toThrow(/another recording/);
    truncateSync(`${out}.partial`, 10);
    await expect(record()).rejects.toThrow(/another recording/);
  });

  it('refuses prompts without room, before work', async () => {
    await expect(record({}, 28)).rejects.toThrow(
      /1 prompts are too long; prompt\/2 has \d+ tokens, there is room for 4/,
    );
    await expect(record({}, 256, parsePrompts('{"prompt": ""}', 'f'))).rejects.toThrow(/prompt\/0 is empty/);
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it('takes answers that are known, and only its own', async () => {
    await record();
    const [whole, known] = [readFileSync(out), readTrace(out)];
    rmSync(out);
    await using target = createToyModel({ seed: 3, role: 'target', sequences: 1, contextLength: 256 });
    await using draft = createToyModel({ seed: 3, role: 'draft', sequences: 1, contextLength: 256 });
    const mute = { ...target, evaluate: () => Promise.reject(new Error('written again')) };
    const made = { out, sampling: neutralSampling, tokens: 20, wrongDepth: 4, modelLicence: 'none', known };
    await recordTrace(mute, draft, file, made);
    expect(readFileSync(out)).toEqual(whole);
    rmSync(out);
    await expect(record({ known, tokens: 10 })).rejects.toThrow(/another target, sampling or length/);
    await expect(record({ known, sampling: { ...neutralSampling, seed: 1n } })).rejects.toThrow(/another target/);
  });

  it('takes the answers of another machine as its own, and writes none beside them', async () => {
    await record();
    const here = readTrace(out);
    rmSync(out);
    const target = { ...here.header.target, fingerprint: 'ff' };
    const known = { ...here, header: { ...here.header, target } };
    await record({ known });
    expect(readTrace(out)).toEqual({ ...known, header: { ...known.header, draft: here.header.draft } });
    rmSync(out);
    const fewer = { ...known, sessions: known.sessions.slice(1) };
    await expect(record({ known: fewer })).rejects.toThrow(/1 prompts have no answer there, first prompt\/0/);
    const other = { ...known, header: { ...known.header, target: { ...target, name: 'other' } } };
    await expect(record({ known: other })).rejects.toThrow(/another target/);
  });
});
