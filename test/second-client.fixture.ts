// Runs the client in Python of test/second-client/, which starts edges of its own. docs/internals/testing.md.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const check = fileURLToPath(new URL('second-client/check.py', import.meta.url));
const main = fileURLToPath(new URL('../bin/outrider.ts', import.meta.url));

export interface Checked {
  readonly passed: number;
  readonly failures: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Runs one suite; its standard error goes to the test's. @throws Error if it printed no document */
export function runSecondClient(suite: string, ...flags: string[]): Promise<Checked> {
  const words = [check, suite, '--edge', JSON.stringify([process.execPath, main]), ...flags];
  const child = spawn(process.env['PYTHON'] ?? 'python3', words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      try {
        resolve(JSON.parse(output));
      } catch (cause) {
        reject(new Error(`the second client ended with ${status}: ${output.slice(-2000)}`, { cause }));
      }
    });
  });
}

/** What did not happen often enough for the checks to mean anything; empty if all did. */
export function rarerThan({ counts }: Checked, least: Readonly<Record<string, number>>): string[] {
  return Object.entries(least)
    .filter(([what, count]) => (counts[what] ?? 0) < count)
    .map(([what, count]) => `${what}: ${counts[what] ?? 0}, at least ${count}`);
}
