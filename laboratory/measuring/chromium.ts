// A browser for trials, benches and tests: Chromium without a window.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** OUTRIDER_BROWSER names another one that takes the same options. */
export function findBrowser(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return process.env['OUTRIDER_BROWSER'] ?? paths.find((path) => existsSync(path));
}

export const browserOptions: readonly string[] = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];

/** @param path of {@link findBrowser} */
export function startChromium(path: string, more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: [...browserOptions, ...more] });
}
