import { mkdirSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startToyEdge, type ToyEdge, toySeed } from '../../../test/together/toy-edge.ts';
import { anyone } from '../../core/protocol/edge/edge-key.ts';
import { helloOf, serveRows } from '../../models/engines/remote/rows-server.ts';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import { writeTinyModel } from '../../models/gguf/gguf.fixture.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { edgeEndpoint } from '../edge/edge-endpoint.ts';
import { printedBy } from '../terminal/output.fixture.ts';
import { doctorCommand } from './doctor.ts';
import {
  checkCores,
  checkMemory,
  checkModelFile,
  checkNode,
  checkPort,
  checkScraper,
  checkTokenizers,
  runCheck,
} from './doctor-checks.ts';
import { type DoctorOptions, examine } from './doctor-examine.ts';

const here = folderOfEach();
let edge: ToyEdge;
beforeAll(async () => {
  edge = await startToyEdge({ keyOf: (key) => (key === '' ? anyone : null) });
});
afterAll(() => edge[Symbol.asyncDispose]());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const toys: DoctorOptions = { model: `toy:${toySeed}`, draft: `toy:${toySeed}:0.8`, port: 0 };

describe('doctor', () => {
  it('finds nothing wrong where nothing is wrong', async () => {
    const { rows, summary } = await examine({ ...toys, edge: edge.url });
    // Cores and memory are the machine's own affair.
    expect(rows.filter(({ ok, check }) => !ok && check !== 'cores' && check !== 'memory')).toEqual([]);
    expect(rows.map(({ check }) => check)).toContain('edge');
    for (const rows of [1, 2, 3, 4, 5, 6, 7, 8]) expect(summary[`stepMs${rows}`]).toBeGreaterThan(0);
    // A toy has no rounding of its own, so exactness costs it nothing.
    expect(summary).toMatchObject({ exact: true, law: 'any shape', weights: null });
    for (const rows of [1, 2, 4, 8]) {
      expect(summary[`exactCost${rows}`]).toBe(1);
      expect(summary[`nativeStepMs${rows}`]).toBe(summary[`stepMs${rows}`]);
    }
    for (const key of ['edgeRoundTripMs', 'edgeArMsPerToken', 'edgeStreamMsPerToken'])
      expect(summary[key], key).toBeGreaterThanOrEqual(0);
  });

  it('measures an engine in another process', async () => {
    vi.stubEnv('OUTRIDER_CACHE', here());
    const path = here('rows.sock');
    const toy = createToyModel({ seed: toySeed, role: 'target', sequences: 3 });
    const engine = `unix:${path}`;
    const hello = helloOf(toy, { engine: 'toy', device: 'cpu', tokenizerFormat: 'gguf' });
    const server = await serveRows(toy, { address: { kind: 'unix', path }, hello });
    const { rows, summary } = await examine({ ...toys, engine });
    await server.close();
    expect(rows.filter(({ ok, check }) => !ok && check !== 'cores' && check !== 'memory')).toEqual([]);
    const causeOf = (name: string) => rows.find(({ check }) => check === name)?.cause;
    expect(causeOf('worker')).toBe(`a worker listens at ${engine}`);
    expect(causeOf('shape law')).toMatch(/^any shape; when it was found, \d+ positions/);
    expect(summary).toMatchObject({ exact: true, law: 'any shape', weights: null });
    for (const count of [1, 2, 4, 8]) expect(summary[`exactCost${count}`]).toBeGreaterThan(0);
    const gone = await examine({ ...toys, engine });
    const lost = gone.rows.find(({ check }) => check === 'worker');
    expect(lost).toMatchObject({ ok: false, cause: `nothing listens at ${engine}` });
    expect(gone.rows.find(({ check }) => check === 'models')?.cause).toBe('not tried: worker failed');
  });

  it('says of an edge that does not know the key that it fails', async () => {
    const { rows, summary } = await examine({ ...toys, edge: edge.url, key: 'another', metricsKey: 'a' });
    const check = (name: string) => rows.find((row) => row.check === name);
    expect(check('edge')).toMatchObject({ ok: false, cause: expect.stringMatching(/key/) });
    expect([check('metrics')?.ok, summary['ok']]).toEqual([false, false]);
  });

  it("says whether a scraper's key gets the metrics, and names a key that does not", async () => {
    const lacking = { status: 403, cause: 'the key "wiki" does not have the scope metrics' } as const;
    const find = (shown: string) => (shown === 'scraper' ? anyone : shown === 'wiki' ? lacking : null);
    let onApi: RequestListener = () => {};
    await using toy = await startToyEdge({ onApi: (request, response) => onApi(request, response) });
    const host = { isOwnName: () => false, onFault: () => {}, metrics: async () => 'a 1\nb 2\n' };
    const access = { listen: { host: '127.0.0.1' }, routeKeys: { find, nameOf: () => null } };
    ({ onApi } = edgeEndpoint(toy.edge, toy.target, access, host));
    const check = (key: string) => runCheck('metrics', () => checkScraper(toy.url, key, undefined));
    expect(await check('scraper')).toMatchObject({ ok: true, cause: expect.stringContaining('3 lines') });
    expect(await check('wiki')).toMatchObject({
      ok: false,
      cause: '/metrics is refused: the key "wiki" does not have the scope metrics',
      remedy: expect.stringContaining('--scope metrics'),
    });
    expect(await check('x')).toMatchObject({ ok: false, cause: expect.stringContaining('missing or wrong') });
    // Whatever answers there: what is no message of an error is no word of it.
    for (const text of ['{"error":{"message":5}}', '{"error":null}', 'I am a teapot']) {
      onApi = (_request, response) => void response.writeHead(418).end(text);
      expect((await check('x')).cause, text).toBe('/metrics is refused: status 418');
    }
  });

  it('leaves out what a failed check makes impossible, and downloads nothing', async () => {
    vi.stubEnv('OUTRIDER_CACHE', here());
    const { rows } = await examine({ ...toys, model: 'smollm2-135m' });
    const failed = rows.filter(({ ok }) => !ok);
    const names = ['target file', 'memory', 'models', 'tokenizers', 'shape law', 'exact shapes', 'steps', 'exact cost'];
    expect(failed.map(({ check }) => check)).toEqual(expect.arrayContaining(names));
    for (const { remedy } of failed) expect(remedy).not.toBe('');
    expect(rows.find(({ check }) => check === 'models')?.cause).toMatch(/not tried/);
  });
});

describe('a check', () => {
  it('of the file refuses one with other bytes', async () => {
    const file = here('a.gguf');
    writeFileSync(file, 'no model');
    await expect(checkModelFile(file)).resolves.toMatch(/^[^/]+ is there; the manifest has no hash/);
    const absent = { code: 'model-not-found', message: 'there is no file of b.gguf' };
    await expect(checkModelFile(here('b.gguf'))).rejects.toMatchObject(absent);
    vi.stubEnv('OUTRIDER_CACHE', here());
    mkdirSync(here('models'));
    writeFileSync(here('models', 'SmolLM2-135M-Instruct.Q4_1.gguf'), 'no model');
    await expect(checkModelFile('smollm2-135m')).rejects.toMatchObject({ code: 'model-hash-mismatch' });
  });

  it('of Node refuses an old one', () => {
    for (const old of ['20.19.1', '22.18.0', '23.11.0', '24.5.0'])
      expect(() => checkNode(old)).toThrow(/22\.19.*24\.6/);
    for (const fit of ['22.19.0', '24.6.0', '25.0.0']) expect(checkNode(fit)).toBe(`Node ${fit}`);
  });

  it('of memory and cores refuses too little', async () => {
    const path = here('tiny.gguf');
    await writeTinyModel(path);
    const both = [1, 2].map((sequences) => ({ path, sequences, contextLength: 100 }));
    await expect(checkMemory(both, 150e6)).rejects.toMatchObject({ code: 'memory-full' });
    await expect(checkMemory(both, 900e6)).resolves.toMatch(/^20\d\.\d MB needed for both models, 900\.0 MB free$/);
    expect(() => checkCores(1)).toThrow(/one core/);
    expect(checkCores(2)).toMatch(/2 cores/);
  });

  it('of the port tells an edge from another program', async () => {
    await expect(checkPort(edge.port)).resolves.toMatch(/an edge runs on port/);
    const other = createServer((socket) => socket.end('hello\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(checkPort(port)).rejects.toMatchObject({ code: 'port-in-use' });
    other.close();
  });

  it('of the tokenizers refuses another vocabulary', () => {
    const target = createToyModel({ seed: 1, role: 'target' });
    const draft = createToyModel({ seed: 1, role: 'draft', vocabularySize: 30_000 });
    expect(() => checkTokenizers(target, draft)).toThrowError(expect.objectContaining({ code: 'tokenizer-mismatch' }));
    expect(checkTokenizers(target, target)).toMatch(/same/);
  });

  it('that meets a bug says so', async () => {
    const check = await runCheck('x', () => {
      throw new TypeError('oops');
    });
    expect(check).toMatchObject({ ok: false, cause: 'oops', remedy: expect.stringMatching(/report/) });
  });
});

describe('the command', () => {
  const models = ['--model', toys.model, '--draft', toys.draft, '--port', '0'];
  const printed = (...words: string[]) => printedBy(doctorCommand(), [...models, ...words]);

  it('shows each check, and the verdict', async () => {
    const { text, status } = await printed();
    expect(text).toMatch(/^✓ node {10}Node /m);
    // Cores and memory are the machine's own affair.
    const failed = text.match(/^✗/gm)?.length ?? 0;
    const verdict = failed === 0 ? 'everything is there' : `${failed} check`;
    expect(text.trimEnd().split('\n').at(-1)).toContain(verdict);
    expect(status).toBe(failed === 0 ? undefined : 1);
  });

  it('ends with status 1 where a check fails', async () => {
    const { text, status } = await printed('--edge', 'ws://127.0.0.1:9', '--json');
    const { rows, ...rest } = JSON.parse(text);
    expect(rows).toContainEqual(expect.objectContaining({ check: 'edge', ok: false }));
    expect(rest).toMatchObject({ command: 'doctor', summary: { ok: false } });
    expect(status).toBe(1);
    const { text: shown } = await printed('--edge', 'ws://127.0.0.1:9');
    const failed = shown.match(/^✗/gm)?.length ?? 0;
    expect(shown).toContain(failed === 1 ? '\n1 check failed\n' : `\n${failed} checks failed\n`);
  });
});
