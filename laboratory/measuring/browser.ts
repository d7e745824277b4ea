// A browser of this machine: OUTRIDER_BROWSER, or the first Chromium of the path.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { OutriderError } from '../../src/core/basics/errors.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** A container has no user namespaces, no GPU, and little shared memory. */
const options = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];

/** @returns its path; undefined: none is installed */
export function findBrowser(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return process.env['OUTRIDER_BROWSER'] ?? paths.find((path) => existsSync(path));
}

/** @param more options of Chromium @throws OutriderError `browser-missing` */
export async function openBrowser(more: readonly string[] = []): Promise<Browser> {
  const executablePath = findBrowser();
  const remedy = 'install Chromium (on Debian: apt install chromium), or name another browser in OUTRIDER_BROWSER';
  if (executablePath === undefined) throw new OutriderError('browser-missing', 'there is no Chromium here', remedy);
  // Loaded here, so that other commands don't wait for it.
  const { chromium } = await import('playwright-core');
  try {
    return await chromium.launch({ executablePath, args: [...options, ...more] });
  } catch (error) {
    const [line = ''] = String(error).split('\n');
    throw new OutriderError('browser-missing', `${executablePath} does not start: ${line}`, remedy, { cause: error });
  }
}
