import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { workersKb } from './weights.ts';

it('weighs workers and what they import from the start, each once, and the larger kernel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-weights-'));
  const own = randomBytes(7500).toString('hex');
  const files = {
    'a-worker.js': `import{x as y}from"./part-1_a.js";//${own}`,
    'b-worker.js': 'import"./part-1_a.js";const z=()=>import(`./late.js`);',
    'part-1_a.js': `import './part-1_a.js';//${randomBytes(5000).toString('hex')}`,
    'late.js': `export default 1;//${randomBytes(3000).toString('hex')}`,
    'kernel-a.wasm': randomBytes(2000),
    'kernel-b.wasm': randomBytes(1900),
    'chat.js': `import"./part-1_a.js";//${own}`,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const kilobytes = workersKb(folder);
  rmSync(folder, { recursive: true });
  // Hexadecimal digits pack to half of them.
  expect(kilobytes).toBeGreaterThan(14.5);
  expect(kilobytes).toBeLessThan(17.5);
});
