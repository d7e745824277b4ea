// A tab that drafts, in a real Chromium, with `outrider edge`: in the example of a page of one's own, and in the edge's own page under its
// policy. Skipped where no browser is installed.

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser, openBrowser } from '../../laboratory/measuring/browser.ts';
import { type EdgeProcess, startEdgeProcess } from '../../src/cli/children/edge-process.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { toyReference, toySeed } from '../together/toy-edge.ts';
import { askInPage } from './ask-in-page.ts';

type Browser = Awaited<ReturnType<typeof openBrowser>>;
type Page = Awaited<ReturnType<Browser['newPage']>>;

const path = findBrowser();
const question = 'Why is the sky blue?';

/** What the toy target writes by itself. */
async function referenceText(tokenCount: number): Promise<string> {
  const { tokenizer } = createToyModel({ seed: toySeed, role: 'target' });
  const prompt = tokenizer.encodeChat([{ role: 'user', content: question }]);
  const ids = await toyReference(neutralSampling, tokenCount, prompt);
  return Buffer.concat(ids.map((id) => tokenizer.bytes(id))).toString();
}

async function serveExample(): Promise<Server> {
  const page = await readFile(new URL('../../examples/page/index.html', import.meta.url));
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe.skipIf(path === undefined)(`a tab that drafts (browser: ${path ?? 'none is installed'})`, () => {
  let [example, edge, browser]: [Server?, EdgeProcess?, Browser?] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    example = await serveExample();
    const origin = `http://127.0.0.1:${(example.address() as AddressInfo).port}`;
    edge = await startEdgeProcess(['--model', `toy:${toySeed}`, '--allow-origin', origin], () => {});
    browser = await openBrowser(['--host-resolver-rules=MAP edge.test 127.0.0.1']);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await edge?.close();
    example?.close();
  });

  async function openPage(address: string): Promise<Page> {
    const page = (await browser?.newPage()) as Page;
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(address);
    return page;
  }
  const edgeAddress = (): string => `${edge?.url}`.replace(/^ws/, 'http');

  it('reads the text of the target in a page of one’s own', async () => {
    const { port } = (example as Server).address() as AddressInfo;
    const page = await openPage(`http://127.0.0.1:${port}/?edge=${encodeURIComponent(edgeAddress())}`);
    await page.getByText('this tab guesses from the text so far').waitFor();
    await page.getByRole('button').click();
    await page.getByText(/\d+ of 60 tokens were drafted in this tab/).waitFor();
    expect(await page.locator('#answer').textContent()).toBe(await referenceText(60));
    expect(errors).toEqual([]);
  });

  it.each(['auto', 'ar'] as const)('reads it in the edge’s own page, mode %s', async (mode) => {
    const page = await openPage(`${edgeAddress()}/`);
    const options = { mode, maxAnswerTokens: 60, emulatedRoundTripMs: 10 };
    const { text, state } = await askInPage(page, { question, options });
    expect(text).toBe(await referenceText(60));
    expect(state).toContain('no draft model for a browser');
    expect(errors).toEqual([]);
  });
});
