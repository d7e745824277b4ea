// The fleet page in a real Chromium, against a controller with toy edges and devices. Skipped where none is installed; OUTRIDER_BROWSER
// names another browser. The pages are built before it where they are not.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startControllerProcess } from '../../../simulator/fleet/controller-process.ts';
import { openDemo } from '../../../simulator/fleet/demo.ts';
import { deviceReport, edgeReport } from '../../../src/allocation/controller/controller.fixture.ts';
import { encodeControl } from '../../../src/allocation/controller/message-codec.ts';
import { controlVersion, type DeviceReport, type EdgeReport } from '../../../src/allocation/controller/messages.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { subprotocol } from '../../../src/network/transport/socket-connection.ts';

const executablePath = process.env['OUTRIDER_BROWSER'] ?? '/usr/bin/chromium';
const root = fileURLToPath(new URL('../../../', import.meta.url));
const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true } as const;
const desktop = { viewport: { width: 1280, height: 900 } } as const;
const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

let browser: Browser | null = null;

beforeAll(async () => {
  if (!existsSync(executablePath)) return;
  if (!existsSync(`${root}dist/pages/fleet.js`)) execFileSync('node', ['scripts/build-pages.mjs'], { cwd: root });
  browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}, 60_000);
afterAll(() => browser?.close());

async function open(
  url: string,
  settings: BrowserContextOptions = desktop,
): Promise<{ page: Page; faults: string[]; close: () => Promise<void> }> {
  const context = await (browser as Browser).newContext(settings);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  // A connection that is refused while its controller is away is no fault of the page.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('WebSocket')) faults.push(message.text());
  });
  await page.goto(`${url.replace(/^ws/, 'http')}/fleet`);
  return { page, faults, close: () => context.close() };
}

/** What axe finds wrong, as "rule: element". */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate('axe.run()');
  const { violations: all } = found as { violations: { id: string; nodes: { html: string }[] }[] };
  return all.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

const bodyOf = (page: Page): Promise<string> =>
  page
    .locator('body')
    .textContent()
    .then((text) => text ?? '');

describe.skipIf(!existsSync(executablePath))(`the fleet page (browser: ${executablePath})`, () => {
  it('shows who reads from where and why, and says when the controller is away', async () => {
    await using demo = await openDemo({
      edges: 2,
      devices: 3,
      scenario: 'munich',
      seed: 1,
      policy: 'best',
      objective: 'felt',
      slotMs: 500,
      profile: 'edge-8b-rtx4090',
      maxTokens: 60,
      isToy: true,
      isAuto: true,
      isApart: true,
      target: '',
      draft: '',
      note: () => {},
    });
    const { page, faults, close } = await open(demo.control.url);
    const devices = page.locator('section:has(#devices-title) tbody tr');
    await expect.poll(() => devices.count()).toBe(3);
    await expect
      .poll(() => devices.allInnerTexts(), { interval: 200 })
      .toContainEqual(expect.stringMatching(/device-\d.*edge-[12].*policy best: .* ms a token predicted/s));
    expect(await violations(page)).toEqual([]);
    // By keyboard alone: a device, then its edge.
    await page.getByRole('button', { name: 'device-2', exact: true }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#device-title').textContent()).toBe('Device device-2');
    await expect.poll(() => page.locator('.one table').textContent()).toMatch(/edge-[12]/);
    await page.locator('canvas[role=img]').first().focus();
    for (const key of ['+', '+', '0']) await page.keyboard.press(key);
    await page.getByRole('button', { name: 'edge-1', exact: true }).click();
    await expect.poll(() => page.locator('#devices-title').textContent()).toBe('Who reads from edge-1, and why');
    expect(await page.locator('.uplot').count()).toBeGreaterThan(3);
    expect(await violations(page)).toEqual([]);
    process.kill(demo.control.processId as number, 'SIGKILL');
    await expect.poll(() => bodyOf(page)).toContain('No connection to the controller since');
    await expect.poll(() => page.locator('header .live').count()).toBe(1);
    expect(faults).toEqual([]);
    await close();
    await demo.fleet.finish();
    expect(faults).toEqual([]);
  });

  it('asks for a key, again after a wrong one, and keeps it only if its user wants', async () => {
    const key = 'a key of the edges 7Qk2';
    await using opened = new CloseStack();
    const controller = await startControllerProcess(['--policy', 'greedy', '--key', 'of devices', '--edge-key', key]);
    opened.defer(() => controller.close());
    const { page, faults, close } = await open(controller.url, phone);
    await expect.poll(() => bodyOf(page)).toContain('asks for a key');
    expect(await violations(page)).toEqual([]);
    for (const wrong of ['of devices', 'a guess']) {
      await page.getByLabel('Key', { exact: true }).fill(wrong);
      await page.getByRole('button', { name: 'Watch' }).click();
      await expect.poll(() => bodyOf(page)).toContain('may not watch');
    }
    await page.getByLabel('Key', { exact: true }).fill(key);
    await page.getByRole('button', { name: 'Watch' }).click();
    await expect.poll(() => bodyOf(page)).toContain('Nothing has joined');
    // What was tried is shown as what is wrong.
    await expect.poll(() => bodyOf(page)).toContain('Connections were refused (unauthorized).');
    await page.reload();
    await expect.poll(() => bodyOf(page)).toContain('asks for a key');
    await page.getByLabel('Key', { exact: true }).fill(key);
    await page.getByLabel('Keep it').check();
    await page.getByRole('button', { name: 'Watch' }).click();
    await expect.poll(() => page.locator('header .live').count()).toBe(1);
    await page.reload();
    await expect.poll(() => page.locator('header .live').count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Forget the key' }).click();
    await expect.poll(() => bodyOf(page)).toContain('asks for a key');
    expect(await bodyOf(page)).not.toContain('Nothing has joined');
    await page.reload();
    await expect.poll(() => bodyOf(page)).toContain('asks for a key');
    expect(faults).toEqual([]);
    await close();
  });

  it('shows hostile names and texts of members as they are', async () => {
    const controller = await startControllerProcess(['--policy', 'greedy']);
    await using opened = new CloseStack();
    opened.defer(() => controller.close());
    const { page, faults, close } = await open(controller.url);
    const text = '<img src=x onerror="window.isHit=1">';
    const join = (role: 'edge' | 'device', id: string, report: EdgeReport | DeviceReport): void => {
      const socket = new WebSocket(controller.url, [subprotocol]);
      opened.defer(async () => socket.close());
      socket.onopen = () => {
        socket.send(encodeControl({ kind: 'join', version: controlVersion, role, id, credentials: '' }));
        socket.send(encodeControl(report));
      };
    };
    join('edge', 'constructor', edgeReport({ model: text, place: { xM: 1e7, yM: -1e7 } }));
    join('device', '__proto__', deviceReport({ place: { xM: -1e7, yM: 1e7 } }));
    const named = (name: string) => page.getByRole('button', { name, exact: true });
    await named('constructor').click();
    await expect.poll(() => bodyOf(page)).toContain('Edge constructor');
    await expect.poll(() => bodyOf(page)).toContain(text);
    await named('__proto__').click();
    await expect.poll(() => bodyOf(page)).toContain('Device __proto__');
    expect(await page.evaluate('window.isHit')).toBeUndefined();
    expect(faults).toEqual([]);
    await close();
  });
});
