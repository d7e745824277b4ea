// The page of the example in a real Chromium, against a real edge: skipped where none is installed. OUTRIDER_BROWSER names another
// browser that takes the same options.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBrowser } from '../../laboratory/measuring/browser.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { startToyEdge, toyReference } from '../together/toy-edge.ts';
import { bundleForBrowser } from './bundle.ts';

interface Shown {
  readonly text: string;
  readonly outcome: string;
}

/** Serves a page with the script, which sends what it shows when the answer is there. */
async function servePage(script: string): Promise<{ readonly server: Server; readonly shown: Promise<Shown> }> {
  const page = await readFile(new URL('../../examples/browser/index.html', import.meta.url), 'utf8');
  const watch = `<script>setInterval(() => {
    const { textContent: text, dataset: { outcome } } = document.querySelector('#answer');
    if (outcome !== undefined) fetch('/shown', { method: 'POST', body: JSON.stringify({ text, outcome }) });
  }, 50)</script>`;
  const shown = Promise.withResolvers<Shown>();
  const server = createServer(async (request, response) => {
    if (request.url === '/shown') {
      shown.resolve((await new Response(request as unknown as ReadableStream).json()) as Shown);
      response.end();
      return;
    }
    const isScript = request.url === '/main.ts';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : page + watch);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, shown: shown.promise };
}

/** What the page shows; `isAllowed`: whether the edge lists the page's origin. */
async function showPage(browser: string, isAllowed: boolean): Promise<Shown & { readonly expected: string }> {
  const { server, shown } = await servePage((await bundleForBrowser('examples/browser/main.ts')).code);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using edge = await startToyEdge({ allowOrigins: isAllowed ? [origin] : ['https://page.example'] });
  const profile = await mkdtemp(join(tmpdir(), 'outrider-browser-'));
  const url = `${origin}/?edge=${encodeURIComponent(edge.url)}`;
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const child = spawn(browser, [...options, `--user-data-dir=${profile}`, url], { stdio: 'ignore' });
  try {
    const { tokenizer } = edge.target;
    const prompt = tokenizer.encodeChat([{ role: 'user', content: 'Why is the sky blue?' }]);
    const ids = await toyReference(neutralSampling, 40, prompt);
    return { ...(await shown), expected: Buffer.concat(ids.map((id) => tokenizer.bytes(id))).toString() };
  } finally {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill();
    await ended;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const browser = findBrowser();

describe(`the page of the example in Chromium (browser: ${browser ?? 'none is installed'})`, () => {
  it.skipIf(browser === undefined)('shows the text of the target', async () => {
    const { text, outcome, expected } = await showPage(browser as string, true);
    expect({ text, outcome }).toEqual({ text: expected, outcome: 'ended' });
  });

  it.skipIf(browser === undefined)('can’t use an edge that does not list its origin', async () => {
    const { text, outcome } = await showPage(browser as string, false);
    expect({ text, outcome }).toEqual({ text: '', outcome: expect.stringContaining('no connection to ws://') });
  });
});
