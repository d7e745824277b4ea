#!/usr/bin/env node
// Records a page that is served here, for the landing page: recordings/NAME.webm, and a picture of its end, light and dark. Chromium takes the
// pictures; ffmpeg makes a film of them (on Debian: apt install chromium ffmpeg). Text after --ask is sent with "Compare", for an
// answer of --tokens, and the film ends with the comparison.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ask: { type: 'string' },
    tokens: { type: 'string', default: '80' },
    seconds: { type: 'string', default: '20' },
  },
});
const [address, name] = positionals;
if (name === undefined) throw new Error('node site/record.mjs ADDRESS NAME [--seconds 20] [--ask TEXT [--tokens 80]]');

const framesPerSecond = 8;
const lastSeconds = 3;
const executablePath = process.env.OUTRIDER_BROWSER ?? '/usr/bin/chromium';
const folder = mkdtempSync(join(tmpdir(), 'outrider-record-'));
const target = fileURLToPath(new URL(`recordings/${name}`, import.meta.url));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
await page.goto(address);
await page.waitForTimeout(2000);
if (values.ask !== undefined) {
  await page.getByLabel('Longest answer, tokens').fill(values.tokens);
  await page.getByLabel('Tint drafted tokens').check();
  await page.fill('#message', values.ask);
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
}
const startMs = performance.now();
let frames = 0;
let endMs = startMs + 1000 * Number(values.seconds);
let isOver = false;
while (performance.now() < endMs) {
  await page.screenshot({ path: join(folder, `${String(frames).padStart(5, '0')}.png`) });
  frames += 1;
  await page.waitForTimeout(Math.max(0, startMs + (1000 * frames) / framesPerSecond - performance.now()));
  if (isOver || values.ask === undefined || (await page.locator('.compare .same').count()) === 0) continue;
  isOver = true;
  endMs = performance.now() + 1000 * lastSeconds;
}
const rate = (1000 * frames) / (performance.now() - startMs);
for (const colorScheme of ['light', 'dark']) {
  await page.emulateMedia({ colorScheme });
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${target}-${colorScheme}.png` });
}
await browser.close();
const film = [
  '-framerate',
  rate.toFixed(2),
  '-i',
  join(folder, '%05d.png'),
  '-c:v',
  'libvpx-vp9',
  '-crf',
  '36',
  '-b:v',
  '0',
];
execFileSync('ffmpeg', ['-y', '-loglevel', 'error', ...film, '-pix_fmt', 'yuv420p', `${target}.webm`], {
  stdio: 'inherit',
});
rmSync(folder, { recursive: true });
