// The page where more than an edge and an endpoint is there: drafts of a real model in the tab, by either kernel, and three edges with a
// controller.

import { readFile } from 'node:fs/promises';
import { shippedPath } from '../../../src/models/files/shipped-path.ts';
import { demand } from '../api/call.ts';
import { type Bed, someText } from './bed.ts';
import type { Check } from './check.ts';

const question = 'Why is the sky blue?';
const kernelFile = (name: string): string => `kernel-${name}.wasm`;

/** Compares a tab that drafts with the edge alone. @returns the names of the kernels that the tab has loaded */
async function compareInTab(bed: Bed, forced: string | null): Promise<readonly string[]> {
  const loaded: string[] = [];
  await bed.context.route(/\/pages\/kernel-\w+\.wasm/, async (route) => {
    const name = route.request().url().split('/').at(-1) ?? '';
    loaded.push(name);
    const body = await readFile(shippedPath(`dist/pages/${forced ?? name}`));
    await route.fulfill({ contentType: 'application/wasm', body });
  });
  await using place = await bed.scene.tabs();
  await bed.choose(32);
  await bed.enter(place);
  await bed.shows(/drafts in this tab/);
  await bed.page.fill('#message', question);
  await bed.click('Compare');
  await bed.page.waitForSelector('.run .time strong');
  await bed.settled();
  await bed.shows(/Both texts are equal/);
  await bed.shows(/This tab drafts/);
  const { text, accepted } = await askWithDrafts(bed);
  demand(accepted > 0, `no draft of the tab was accepted in "${text}"`);
  return loaded;
}

/** By a tab of its own on the page, in the mode in which the edge waits for drafts, however slow the machine is. */
async function askWithDrafts({ page }: Bed): Promise<{ readonly text: string; readonly accepted: number }> {
  return page.evaluate(async (asked) => {
    const address = '/pages/tab.js';
    const { openTab } = (await import(address)) as { readonly openTab: () => Promise<DraftingTab> };
    const tab = await openTab();
    while (tab.state.lookUp === 'loading') await new Promise((resolve) => setTimeout(resolve, 50));
    if (tab.state.lookUp !== null) throw new Error(`the tab drafts by look-up: ${tab.state.lookUp}`);
    const { text, acceptedTokens } = await tab.ask(asked, { mode: 'sd', maxAnswerTokens: 24 }).report;
    tab.close();
    return { text, accepted: acceptedTokens };
  }, question);
}

/** The part of a tab that is used; docs/use/tab.md. */
interface DraftingTab {
  readonly state: { readonly lookUp: string | null };
  ask(
    text: string,
    options: object,
  ): { readonly report: Promise<{ readonly text: string; readonly acceptedTokens: number }> };
  close(): void;
}

const tab: Check = {
  name: 'drafts in the tab with a real model',
  isScripted: true,
  async run(bed) {
    const loaded = await compareInTab(bed, null);
    demand(loaded.length > 0, 'no kernel was loaded');
  },
};

const plain: Check = {
  name: 'drafts in the tab with plain SIMD alone',
  isScripted: true,
  async run(bed) {
    // What a browser without relaxed SIMD would load.
    const loaded = await compareInTab(bed, kernelFile('plain'));
    demand(loaded.length > 0, 'no kernel was loaded');
  },
};

/** Scripts that a page has loaded. */
const scripts =
  "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.js'))";

const fleet: Check = {
  name: 'reads on when one of three edges dies, and the fleet page says so',
  async run(bed) {
    const { page, context } = bed;
    await using place = await bed.scene.fleet();
    const watched = await context.newPage();
    bed.watch(watched);
    await watched.goto(place.fleetUrl);
    const rows = (title: string) => `document.querySelectorAll('section:has(#${title}) tbody tr').length === 3`;
    for (const title of ['edges-title', 'devices-title']) await bed.until(rows(title), watched);
    await bed.until("document.querySelectorAll('.uplot').length > 0", watched);
    await bed.audit('fleet', watched);
    await bed.choose(200);
    await bed.enter(place);
    const loaded = (await page.evaluate(scripts)) as readonly string[];
    demand(!loaded.some((name) => /\/fleet/.test(name)), `the page to chat loads ${loaded.join(' ')}`);
    await bed.send(question);
    await bed.until(someText);
    place.kill(0);
    // It stands there for a minute.
    await bed.shows(new RegExp(`edge ${place.edges[0]} (is away|was lost)`), watched);
    await bed.settled();
    await bed.shows(/edges ws:\S+, then ws:/);
    // Before its controller ends.
    await watched.close();
  },
};

export const fleetChecks: readonly Check[] = [tab, plain, fleet];
