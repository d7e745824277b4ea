// Child processes that end badly, by programs made for it, and the commands themselves where their parent is gone or a signal comes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childVariable } from '../terminal/interrupt.ts';
import { startChild } from './child-service.ts';
import { startEdgeProcess } from './edge-process.ts';
import { mainFile } from './main-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrider-child-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const listens = "console.log('ws://127.0.0.1:1');\n";

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

/** A program that runs these lines. */
function programOf(code: string): string {
  const program = join(folder, `${Math.random()}.mjs`);
  writeFileSync(program, code);
  return program;
}

describe('a child process', () => {
  it('tells the error that it ends with, and else how it has ended', async () => {
    const said = "process.stderr.write('✗ no port\\n  take another [port-in-use]\\n'); process.exit(1);";
    await expect(startChild(['edge'], 'internal', { program: programOf(said) })).rejects.toMatchObject({
      code: 'port-in-use',
    });
    const killed = "process.kill(process.pid, 'SIGKILL');";
    await expect(startChild(['edge'], 'internal', { program: programOf(killed) })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('SIGKILL'),
    });
  });

  it('is listened to line by line: one that it has not ended is dropped, and no other character ends one', async () => {
    const lines: string[] = [];
    const whole = 'a\u2028b\u0085c';
    const cut = 'not ende';
    const code = `${listens}process.stderr.write(${JSON.stringify(`${whole}\n${cut}`)});
setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);`;
    const onNote = (line: string): void => void lines.push(line);
    const child = await startChild(['edge'], 'internal', { program: programOf(code), onNote });
    await child.lost;
    expect(lines).toEqual([whole]);
  });

  it('keeps its account as it printed it', async () => {
    const account = JSON.stringify({ summary: { text: 'a\u2028b' } }, undefined, 2);
    const code = `${listens}process.once('disconnect', () => console.log(${JSON.stringify(account)}));`;
    const edge = await startEdgeProcess([], () => {}, { program: programOf(code) });
    expect(await edge.close()).toEqual({ text: 'a\u2028b' });
  });

  it('that is killed while it is written to ends nothing here, and says how it ended', async () => {
    const program = programOf(`${listens}process.on('message', () => {}); setInterval(() => {}, 1000);`);
    const child = await startChild(['edge'], 'internal', { program });
    process.kill(child.processId, 'SIGKILL');
    const sends = async (): Promise<void> => {
      for (;;) {
        child.send({ question: 'x'.repeat(1000) });
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await expect(sends()).rejects.toMatchObject({ code: 'internal' });
    expect(await child.lost).toMatchObject({ message: expect.stringContaining('SIGKILL') });
  });
});

describe.each([['controller --policy greedy'], ['serve --target toy:1 --draft none'], ['edge --model toy:1']])(
  '%s',
  (typed) => {
    const words = [mainFile, ...typed.split(' '), '--port', '0'];
    const env = { ...process.env, [childVariable]: '1' };
    const ended = (child: ReturnType<typeof spawn>): Promise<number | null> =>
      new Promise((resolve) => child.once('close', resolve));

    it('is not left behind by a parent that is killed', async () => {
      const code = `import { startChild } from ${JSON.stringify(new URL('./child-service.ts', import.meta.url))};
const child = await startChild(${JSON.stringify(words.slice(1))}, 'internal');
console.log(child.processId);
await child.ended;`;
      const parent = spawn(process.execPath, [programOf(code)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [said] = (await once(parent.stdout, 'data')) as [Buffer];
      expect(isRunning(Number(said))).toBe(true);
      parent.kill('SIGKILL');
      await expect.poll(() => isRunning(Number(said))).toBe(false);
    });

    it.each([
      ['while its channel is open', ['ipc' as const]],
      ['and not before, as the child of a child, without a channel', []],
    ])('ends by SIGTERM %s', async (_, channel) => {
      const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe', ...channel] });
      const over = ended(child);
      // It says its address on both; a second signal would end it at once.
      let isAsked = false;
      const stop = (part: Buffer): void => {
        if (isAsked || !/(?:ws|http):\/\//.test(`${part}`)) return;
        isAsked = true;
        setTimeout(() => child.kill('SIGTERM'), 200);
      };
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', stop);
      expect(await over).toBe(0);
      expect(child.killed).toBe(true);
    });
  },
);
