// Weights and the engine of a tab in a real Chromium: loaded once and kept, on a page from this machine and on one from http:// in a LAN, which
// has neither a private file system nor crypto.subtle; and thrown away where a byte is wrong. Skipped where no browser is installed.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser, openBrowser } from '../../laboratory/measuring/browser.ts';
import { edgeEndpoint } from '../../src/cli/edge/edge-endpoint.ts';
import { chooseToken } from '../../src/core/decoding/choose-token.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { encodeSmallDraft } from '../../src/models/engines/wasm/small-draft.fixture.ts';
import { openWasmModel } from '../../src/models/engines/wasm/wasm-model.ts';
import { parseGguf } from '../../src/models/gguf/gguf.ts';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { listenEdge, startEdge } from '../../src/processes/edge/edge.ts';
import type { TabFiles, TabPart } from '../../src/processes/http/tab-weights.ts';
import { askInPage, type FoundInPage } from './ask-in-page.ts';

type Browser = Awaited<ReturnType<typeof openBrowser>>;
type BrowserContext = Awaited<ReturnType<Browser['newContext']>>;

const path = findBrowser();
const question = 'a b c d e f';
const tokenCount = 40;
const bytes = encodeSmallDraft();

/** @param onRead called for each piece that is read */
function partOf(held: Uint8Array<ArrayBuffer>, served = held, onRead: () => void = () => {}): TabPart {
  const sha256 = createHash('sha256').update(held).digest('hex');
  const read = async (from: number, to: number) => {
    onRead();
    return served.slice(from, to);
  };
  return { sha256, byteLength: held.length, read };
}

/** The same file as target and as draft: nearly every draft is right. */
async function openTarget(): Promise<LanguageModel> {
  const kernel = await readFile(new URL('../../dist/pages/kernel-plain.wasm', import.meta.url));
  return openWasmModel({ file: bytes, kernel, sequences: 8, contextLength: 512, name: 'small' });
}

async function referenceText(): Promise<string> {
  await using model = await openTarget();
  const sequence = model.openSequence();
  let next: readonly number[] = model.tokenizer.encodeChat([{ role: 'user', content: question }]);
  const ids: number[] = [];
  while (ids.length < tokenCount && !model.tokenizer.endIds.has(ids.at(-1) ?? -1)) {
    for (; next.length > 64; next = next.slice(64))
      await model.evaluate([{ sequence, tokens: next.slice(0, 64), rows: 0 }]);
    const [[row] = []] = await model.evaluate([{ sequence, tokens: next, rows: 1 }]);
    if (row === undefined) throw new Error('no row');
    const id = chooseToken(row, neutralSampling, undefined, 0);
    ids.push(id);
    next = [id];
  }
  return Buffer.concat(ids.map((id) => Buffer.from(model.tokenizer.bytes(id)))).toString();
}

interface Scene extends AsyncDisposable {
  readonly port: number;
  reads: number;
}

async function startScene(served: Uint8Array<ArrayBuffer> = bytes): Promise<Scene> {
  const target = await openTarget();
  const edge = await startEdge({ model: target });
  const scene = { reads: 0 };
  const { dataStart, fileBytes } = parseGguf(bytes, bytes.length);
  const { hash: tokenizerHash } = target.tokenizer;
  const weights = partOf(bytes, served, () => {
    scene.reads += 1;
  });
  const tabFiles: TabFiles = {
    ...{ name: 'small', fileBytes, tokenizerHash, weights },
    header: partOf(bytes.slice(0, dataStart)),
  };
  const listen = { host: '127.0.0.1', allowOrigins: [], allowHosts: ['edge.test'] };
  const host = { isOwnName: () => false, onFault: (error: unknown) => console.error(error), tabFiles };
  const { onApi } = edgeEndpoint(edge, target, { listen: { ...listen, tls: undefined }, routeKeys: undefined }, host);
  const listener = await listenEdge(edge, { ...listen, port: 0, onApi });
  return Object.assign(scene, {
    port: listener.port,
    async [Symbol.asyncDispose]() {
      await edge.close();
      await listener.close();
      await target.close();
    },
  });
}

describe.skipIf(path === undefined)(`the engine of a tab (browser: ${path ?? 'none is installed'})`, () => {
  let browser: Browser | undefined;
  let expected: string;
  beforeAll(async () => {
    browser = await openBrowser(['--host-resolver-rules=MAP edge.test 127.0.0.1']);
    expected = await referenceText();
  }, 120_000);
  afterAll(() => browser?.close());

  async function askFrom(context: BrowserContext, address: string): Promise<FoundInPage> {
    const page = await context.newPage();
    await page.goto(address);
    // The edge waits for drafts in this mode, however slow the machine is.
    const found = await askInPage(page, { question, options: { mode: 'sd', maxAnswerTokens: tokenCount } });
    await page.close();
    return found;
  }

  it.each([
    ['this machine', '127.0.0.1', true],
    ['http:// in a LAN', 'edge.test', false],
  ])('loads the weights once on a page from %s', async (_where, host, isSecure) => {
    await using scene = await startScene();
    const context = (await browser?.newContext()) as BrowserContext;
    const address = `http://${host}:${scene.port}/`;
    const first = await askFrom(context, address);
    expect(first).toMatchObject({ text: expected, lookUp: null, isKept: true, isSecure });
    expect(first.acceptedTokens).toBeGreaterThan(10);
    const { reads } = scene;
    expect(reads).toBeGreaterThan(0);
    const again = await askFrom(context, address);
    expect(again).toMatchObject({ text: expected, lookUp: null, isKept: true });
    expect(scene.reads).toBe(reads);
    await context.close();
  });

  it('throws weights with a wrong byte away, and reads the same text by look-up', async () => {
    const wrong = bytes.slice();
    wrong[bytes.length - 7] = (wrong[bytes.length - 7] as number) ^ 1;
    await using scene = await startScene(wrong);
    const context = (await browser?.newContext()) as BrowserContext;
    const found = await askFrom(context, `http://127.0.0.1:${scene.port}/`);
    expect(found).toMatchObject({ text: expected, lookUp: 'wrong-bytes' });
    await context.close();
  });
});
