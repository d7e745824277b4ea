// How heavy the page is: what a browser fetches before it shows something, what it may fetch later, and what it holds after a long chat.

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { shippedPath } from '../../../src/models/files/shipped-path.ts';
import type { Bed } from './bed.ts';

/** HTML, scripts and styles of the first screen, gzipped, kB. */
export async function firstScreenKb(bed: Bed): Promise<number> {
  const { page, scene } = bed;
  const bodies: Promise<Buffer>[] = [];
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname === '/' || pathname.startsWith('/pages/')) bodies.push(response.body());
  });
  await page.goto(scene.device.url, { waitUntil: 'networkidle' });
  return kilobytes(await Promise.all(bodies));
}

/**
 * What a tab loads to draft, gzipped, kB; 0 where the page has none: the scripts of the workers of device and engine, what these import from
 * the start, and one kernel, the larger one. What a script imports later is not weighed: the emulated network, and the toy's tokenizer.
 */
export function workersKb(folder: string = shippedPath('dist/pages')): number {
  const files = new Map<string, Buffer>();
  const add = (name: string): void => {
    if (files.has(name)) return;
    const bytes = readFileSync(`${folder}/${name}`);
    files.set(name, bytes);
    if (!name.endsWith('.js')) return;
    for (const [, imported = ''] of bytes.toString().matchAll(importedFile)) add(imported);
  };
  const names = readdirSync(folder);
  for (const name of names) if (name.endsWith('-worker.js')) add(name);
  const kernels = names
    .filter((name) => name.endsWith('.wasm'))
    .map((name) => kilobytes([readFileSync(`${folder}/${name}`)]));
  return Math.round(10 * (kilobytes([...files.values()]) + Math.max(0, ...kernels))) / 10;
}

/** As the builder writes it: import{a as b}from"./part-hash.js", or import"./part-hash.js". */
const importedFile = /(?:\bfrom|\bimport)\s*["'`]\.\/([\w.-]+\.js)["'`]/g;

function kilobytes(files: readonly Buffer[]): number {
  return Math.round(files.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0) / 100) / 10;
}

/** The heap in use after a collection, MB. */
export async function heapGrowthMB(bed: Bed, minutes: number, throwIfAborted: () => void): Promise<number> {
  const devtools = await bed.context.newCDPSession(bed.page);
  const heapMB = async (): Promise<number> => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    return usedSize / 1e6;
  };
  await bed.enter();
  const startMs = performance.now();
  // What the first answers need stays: code, styles, fonts.
  for (let turn = 0; turn < warmTurns; turn += 1) await bed.ask(`Turn ${turn}?`);
  const before = await heapMB();
  for (let turn = warmTurns; turn < leastTurns || performance.now() - startMs < minutes * 60_000; turn += 1) {
    throwIfAborted();
    // A chat as people have it: it ends, and another begins.
    if (turn % turnsOfChat === 0) await bed.click('New chat');
    await bed.ask(`Turn ${turn}?`);
  }
  return Math.round(((await heapMB()) - before) * 100) / 100;
}

const warmTurns = 4;
const leastTurns = 16;
const turnsOfChat = 8;
