// One check has a browser's context of its own: a page, what a person does with it, and what is read of it.

import type { Browser, BrowserContext, Download, Page } from 'playwright-core';
import type { Message } from '../../../src/models/port/model.ts';
import { demand } from '../api/call.ts';
import type { PagePlace, PageScene } from './scene.ts';

export type SizeName = 'desktop' | 'phone';

/** The phone is dark. */
const sizes = {
  desktop: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'dark', isMobile: true, hasTouch: true },
} as const;

const patienceMs = 60_000;
const pollMs = 50;
/** The page has asked the endpoint what it is. */
export const modelShown = "!!document.querySelector('.model')?.textContent";
/** Some of an answer is there. */
export const someText = "document.querySelector('.answer .markdown')?.textContent.length > 20";

/** A message as the page keeps it. */
export interface KeptMessage {
  readonly id: string;
  readonly chat: string;
  readonly parent: string | null;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly end: string;
  readonly seed?: number;
  readonly comparison?: { readonly differsAt: number | null };
}

/** What a browser reports of itself where a request fails; the checks make such requests. */
const ofRequests = /^Failed to load resource:/;

export class Bed implements AsyncDisposable {
  readonly scene: PageScene;
  readonly size: SizeName;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of the console and of scripts. */
  readonly consoleErrors: string[] = [];
  readonly violations: string[] = [];
  /** Settings of the page that have decided its texts. */
  readonly temperature = 0.7;
  #mostTokens = 40;
  readonly #axe: string;

  private constructor(scene: PageScene, size: SizeName, context: BrowserContext, page: Page, axe: string) {
    this.scene = scene;
    this.size = size;
    this.context = context;
    this.page = page;
    this.#axe = axe;
    this.watch(page);
  }

  /** @param axe the script of axe-core */
  static async open(browser: Browser, scene: PageScene, size: SizeName, axe: string): Promise<Bed> {
    const context = await browser.newContext({ ...sizes[size], acceptDownloads: true });
    context.setDefaultTimeout(patienceMs);
    return new Bed(scene, size, context, await context.newPage(), axe);
  }

  /** Counts the errors of a page. */
  watch(page: Page): void {
    page.on('pageerror', (error) => this.consoleErrors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !ofRequests.test(message.text())) this.consoleErrors.push(message.text());
    });
  }

  /** Opens a page by a link that has its key. */
  async enter({ url, key }: PagePlace = this.scene.device, page: Page = this.page): Promise<void> {
    await this.choose(this.#mostTokens);
    await page.goto(`${url}#key=${key}`);
    await this.until(modelShown, page);
  }

  /** How long the answers of pages are that open from now on. */
  async choose(mostTokens: number): Promise<void> {
    this.#mostTokens = mostTokens;
    const choices = JSON.stringify({ mostTokens, temperature: this.temperature, showsDrafts: true });
    await this.context.addInitScript(
      `try { localStorage.setItem('outrider.choices', ${JSON.stringify(choices)}) } catch {}`,
    );
  }

  async send(text: string, page: Page = this.page): Promise<void> {
    await page.fill('#message', text);
    await page.press('#message', 'Enter');
  }

  /** Sends a question, and waits for the end of its answer. */
  async ask(text: string, page: Page = this.page): Promise<void> {
    await this.send(text, page);
    await this.settled(page);
  }

  /** Waits until no answer is being written. */
  async settled(page: Page = this.page): Promise<void> {
    await this.until(`!Object.values(localStorage).some((text) => text.includes('"end":"writing"'))`, page);
    await page.waitForSelector('.composer button[type=submit]');
    await page.waitForSelector('article[aria-busy=true]', { state: 'detached' });
  }

  /** Waits until an expression is true. The page's own policy lets no text be evaluated in it, so that it is asked from outside. */
  async until(expression: string, page: Page = this.page): Promise<void> {
    const endMs = performance.now() + patienceMs;
    while (!(await page.evaluate(expression))) {
      demand(performance.now() < endMs, `never true: ${expression}`);
      await page.waitForTimeout(pollMs);
    }
  }

  async click(name: string | RegExp, page: Page = this.page): Promise<void> {
    await page.getByRole('button', { name }).last().click();
  }

  async shows(words: RegExp, page: Page = this.page): Promise<void> {
    await page.getByText(words).last().waitFor({ state: 'visible' });
  }

  /** Accessibility, and the width of the page. */
  async audit(where: string, page: Page = this.page): Promise<void> {
    await page.evaluate(this.#axe);
    const found = (await page.evaluate(
      `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' at ' + nodes.map(({ target }) => target.join(' ')).slice(0, 3).join(', ')))`,
    )) as readonly string[];
    this.violations.push(...found.map((one) => `${where}: ${one}`));
    const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    demand(Number(wider) <= 0, `${where}: the page is ${wider} pixels wider than the screen`);
  }

  /** All that the page keeps on this device. */
  async kept(page: Page = this.page): Promise<readonly KeptMessage[]> {
    const texts = (await page.evaluate(
      "Object.entries(localStorage).filter(([name]) => name.startsWith('outrider.message.')).map(([, text]) => text)",
    )) as readonly string[];
    return texts.map((text) => JSON.parse(text) as KeptMessage);
  }

  /** Each whole answer with what the target writes alone; of others, the beginning. */
  async texts(): Promise<readonly { readonly text: string; readonly expected: string }[]> {
    const kept = await this.kept().catch(() => []);
    const byId = new Map(kept.map((one) => [one.id, one]));
    const saidBefore = (id: string | null): readonly Message[] => {
      const one = id === null ? undefined : byId.get(id);
      if (one === undefined) return [];
      const own = one.text === '' ? [] : [{ role: one.role, content: one.text }];
      return [...saidBefore(one.parent), ...own];
    };
    const answers = kept.filter(({ role, text }) => role === 'assistant' && text !== '');
    return Promise.all(
      answers.map(async ({ parent, seed = 0, text, end }) => {
        const prompt = { messages: saidBefore(parent) };
        const { temperature } = this;
        const whole = await this.scene.textOf({ prompt, temperature, seed, maxTokens: this.#mostTokens });
        return { text, expected: end === 'whole' || end === 'length' ? whole : whole.slice(0, text.length) };
      }),
    );
  }

  /** What a button lets the user save. */
  async download(name: string | RegExp): Promise<Download> {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.click(name)]);
    return download;
  }

  /** A check whose page must not end the others' wait for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}
