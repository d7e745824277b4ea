import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Document } from '../../src/files/document.ts';
import { helloOf, serveRows } from '../../src/models/engines/remote/rows-server.ts';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { checkEngine } from '../engine-conformance/check-engine.ts';
import { engineCheckCommand } from './engine-check.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrider-'));
const shared = { model: 'toy:7', cacheDirectory: folder };
const toy = createToyModel({ seed: 7, role: 'target', sequences: 4, contextLength: 800 });

afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

/** An engine in which a bias does not act. */
const withoutBias: LanguageModel = {
  ...toy,
  evaluate: (items) =>
    toy.evaluate(
      items.map((item) => ({
        ...item,
        asks: item.asks?.map((ask) => (ask === undefined ? ask : { ...ask, beside: undefined })),
      })),
    ),
};

let count = 0;
const freshPath = (): string => join(folder, `rows-${++count}.sock`);

/** @param body gets the engine's address */
async function withServed(model: LanguageModel, body: (engine: string) => Promise<void>): Promise<void> {
  const path = freshPath();
  await using _server = await serveRows(model, {
    address: { kind: 'unix', path },
    hello: helloOf(toy, { engine: 'toy', device: 'cpu', tokenizerFormat: 'gguf' }),
  });
  await body(`unix:${path}`);
}

/** The document that the command prints. */
async function printedBy(...words: string[]): Promise<Document<{ case: string; result: string; said: string }>> {
  vi.stubEnv('OUTRIDER_CACHE', folder);
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((part) => {
    text += String(part);
    return true;
  });
  await engineCheckCommand().parseAsync([...words, '--json'], { from: 'user' });
  return JSON.parse(text);
}

describe('engine check', () => {
  it('passes a worker that follows the protocol, and names what it skips', async () => {
    await withServed(toy, async (engine) => {
      const seen: string[] = [];
      const { rows, summary } = await checkEngine({ ...shared, engine, onCase: (name) => seen.push(name) });
      expect(rows.filter(({ result }) => result !== 'passed')).toEqual([
        {
          case: 'a copy holds what the original held, and neither changes the other afterwards',
          result: 'skipped',
          said: 'sequences of this engine copy nothing (copyFrom)',
        },
      ]);
      expect(summary).toEqual({ cases: rows.length, passed: rows.length - 1, skipped: 1, failed: 0 });
      expect(seen).toEqual(rows.map((row) => row.case));
      expect(rows.find((row) => row.case === 'the engine opens, and a shape law holds')?.said).toMatch(/any shape/);
    });
  });

  it('ends with status 1 where a case fails, and says what was expected and found', async () => {
    await withServed(withoutBias, async (engine) => {
      const { rows, summary, params } = await printedBy(engine, '--model', 'toy:7');
      expect(rows.filter(({ result }) => result === 'failed')).toEqual([
        {
          case: 'a bias brings any id of the vocabulary among the candidates, with its raw logit',
          result: 'failed',
          said: expect.stringMatching(/^candidates with a bias of \+100: expected id \d+ among them, found \[/),
        },
        {
          case: 'the raw logit of any id is given where a row is asked for it, and changes nothing else',
          result: 'failed',
          said: expect.stringMatching(/found nothing$/),
        },
      ]);
      expect(summary).toMatchObject({ failed: 2 });
      expect(params).toEqual({
        engine: expect.stringMatching(/^unix:rows-\d\.sock$/),
        model: 'toy:7',
        tokenizer: null,
      });
      expect(process.exitCode).toBe(1);
    });
  });

  it('checks the engine in this process without the cases of a socket', async () => {
    const { rows, summary } = await printedBy('llama', '--model', 'toy:7');
    expect(summary).toMatchObject({ failed: 0 });
    const skipped = rows.filter(({ result }) => result === 'skipped');
    expect(skipped.map(({ said }) => said)).toEqual(skipped.map(() => expect.stringContaining('in this process')));
    expect(rows.at(-1)).toMatchObject({ result: 'passed' });
    expect(process.exitCode).toBeUndefined();
  });

  it('says why an engine can not be opened, and skips what needs it', async () => {
    await withServed(toy, async (engine) => {
      const { rows, summary } = await checkEngine({ ...shared, engine, tokenizerFile: 'none.gguf' });
      const at = rows.findIndex((row) => row.case === 'the engine opens, and a shape law holds');
      expect(rows[at]).toMatchObject({ result: 'failed', said: expect.stringContaining('none.gguf') });
      expect(new Set(rows.slice(at + 1).map(({ said }) => said))).toEqual(new Set(['the engine could not be opened']));
      expect(summary).toMatchObject({ failed: 1, passed: at });
    });
  });

  it('says at once that nothing listens', async () => {
    const engine = `unix:${freshPath()}`;
    const message = `nothing listens at ${engine}`;
    await expect(checkEngine({ ...shared, engine })).rejects.toMatchObject({ code: 'engine-lost', message });
  });

  it('takes no other host', async () => {
    await expect(checkEngine({ ...shared, engine: 'tcp:box:80' })).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
