// `outrider/device` in a bundle, and the bundle in a context that has what a browser has and nothing of Node, against a real edge.

import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileKernel } from '../../scripts/build-kernels.mjs';
import type * as device from '../../src/api/device.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { encodeSmallDraft } from '../../src/models/engines/wasm/small-draft.fixture.ts';
import { startToyEdge, type ToyEdge, toyReference, toySeed } from '../together/toy-edge.ts';
import { type Bundle, bundleForBrowser } from './bundle.ts';

/** What a page may use beyond the language. */
const pageGlobals = [
  'AbortController',
  'AbortSignal',
  'clearInterval',
  'clearTimeout',
  'crypto',
  'MessageChannel',
  'performance',
  'queueMicrotask',
  'setInterval',
  'setTimeout',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'WebSocket',
] as const;
const nodeGlobals = ['process', 'Buffer', 'require', 'module', 'setImmediate', 'global'];
/** What an application adds to its page; it may grow, but not unnoticed. */
const mostBytes = 160_000;

/** The engine of a tab and a kernel, compressed. */
const mostEngineBytes = 30_000;

function createPage(others: object): vm.Context {
  const globals = Object.fromEntries(pageGlobals.map((name) => [name, globalThis[name]]));
  return vm.createContext({ ...globals, ...others });
}

const question = 'Why is the sky blue?';
let edge: ToyEdge;
let bundle: Bundle;

beforeAll(async () => {
  [edge, bundle] = await Promise.all([startToyEdge(), bundleForBrowser('src/api/device.ts', 'outrider')]);
});
afterAll(() => edge[Symbol.asyncDispose]());

/** What the toy target writes by itself. */
async function referenceText(tokenCount: number): Promise<string> {
  const { tokenizer } = edge.target;
  const ids = await toyReference(
    neutralSampling,
    tokenCount,
    tokenizer.encodeChat([{ role: 'user', content: question }]),
  );
  return Buffer.concat(ids.map((id) => tokenizer.bytes(id))).toString();
}

describe('the bundle of outrider/device', () => {
  it('holds no import, no Node module and no package', () => {
    expect(bundle.warnings).toEqual([]);
    expect(bundle.imports).toEqual([]);
    expect(bundle.code).not.toMatch(/\bnode:|\brequire\b|\bimport\b/);
    expect(bundle.files.filter((file) => !file.startsWith('src/'))).toEqual([]);
    expect(bundle.code.length).toBeLessThan(mostBytes);
    console.info(`outrider/device in a page: ${bundle.code.length} bytes, ${gzipSync(bundle.code).length} compressed`);
  });

  it('would be noticed with a Node module in it', async () => {
    const { imports, warnings } = await bundleForBrowser('src/network/transport-node/websocket-server.ts');
    expect(imports).toContain('node:http');
    expect(warnings.length).toBeGreaterThan(0);
  });

  it('asks an edge without anything of Node, and gets the text of the target', async () => {
    const page = createPage({});
    for (const name of nodeGlobals) expect(vm.runInContext(`typeof ${name}`, page), name).toBe('undefined');
    vm.runInContext(bundle.code, page);
    const outrider = page['outrider'] as typeof device;
    const draft = outrider.createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8 });
    const connect = outrider.createEmulatedLink(
      outrider.connectWebSocket(edge.url),
      outrider.parseLink('rtt=4'),
    ).connect;
    for (const way of [edge.url, connect]) {
      const drafter = new outrider.ModelDrafter(draft);
      const turn = outrider
        .createDevice({ edge: way, tokenizer: draft.tokenizer, drafter })
        .ask(question, { maxAnswerTokens: 60 });
      let text = '';
      for await (const emission of turn) text += emission.text;
      const report = await turn.report;
      expect(text).toBe(await referenceText(60));
      expect(report.outcome.kind).toBe('ended');
      expect(report.acceptedTokens).toBeGreaterThan(10);
    }
  });

  it('tells a page why there is no answer', async () => {
    const page = createPage({});
    vm.runInContext(bundle.code, page);
    const outrider = page['outrider'] as typeof device;
    const { tokenizer } = outrider.createToyModel({ seed: toySeed, role: 'draft' });
    await expect(outrider.probeEdge('ws://127.0.0.1:1')).rejects.toMatchObject({ code: 'edge-unreachable' });
    const parts = { edge: edge.url, tokenizer: { ...tokenizer, hash: '00'.repeat(32) }, drafter: null };
    const { report } = outrider.createDevice(parts).ask(question);
    expect((await report).outcome).toMatchObject({ kind: 'failed', code: 'tokenizer-mismatch' });
  });
});

describe('the engine of a tab', () => {
  it('is small, and runs on what a browser has', async () => {
    const kernel = await compileKernel('plain');
    const { code, warnings, imports } = await bundleForBrowser('src/models/engines/wasm/wasm-model.ts', 'engine');
    expect([warnings, imports]).toEqual([[], []]);
    const bytes = gzipSync(code).length + gzipSync(kernel).length;
    console.info(`the engine of a tab and a kernel: ${bytes} bytes compressed`);
    expect(bytes).toBeLessThan(mostEngineBytes);
    const page = createPage({});
    vm.runInContext(code, page);
    const { openWasmModel } = page['engine'] as Pick<typeof device, 'openWasmModel'>;
    const model = await openWasmModel({ file: encodeSmallDraft(), kernel, sequences: 2, contextLength: 64 });
    const tokens = model.tokenizer.encode('Why?');
    const [rows] = await model.evaluate([{ sequence: model.openSequence(), tokens, rows: 1 }]);
    expect(rows?.[0]?.ids).toHaveLength(64);
  });
});

describe('the page of the example', () => {
  it('shows the text of the target', async () => {
    const answer = { text: '', dataset: {} as Record<string, string>, append: (text: string) => (answer.text += text) };
    const page = createPage({
      location: { search: `?edge=${encodeURIComponent(edge.url)}` },
      document: { querySelector: () => answer },
    });
    vm.runInContext((await bundleForBrowser('examples/browser/main.ts')).code, page);
    await expect.poll(() => answer.dataset['outcome']).toBe('ended');
    expect(answer.text).toBe(await referenceText(40));
  });
});
