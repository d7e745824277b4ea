// `outrider edge` as its operator meets it: signals, logs, health, and how it ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createToyModel } from '../src/models/port/toy.ts';
import { connectWebSocket } from '../src/network/transport-node/websocket-client.ts';
import { startTurn, type Turn } from '../src/processes/device/turn.ts';

const main = fileURLToPath(new URL('../bin/outrider.ts', import.meta.url));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrider-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface RunningEdge {
  readonly child: ChildProcess;
  readonly url: string;
  readonly notes: () => string;
  readonly ended: Promise<{ readonly status: number | null; readonly output: string }>;
}

/** An edge whose tokens take about a tenth of a second each. */
async function startEdge(words: readonly string[] = []): Promise<RunningEdge> {
  const fixed = ['edge', '--model', 'toy:1', '--profile', 'edge-70b-a6000', '--port', '0'];
  const child = spawn(process.execPath, [main, ...fixed, ...words], { env: { ...process.env, NO_COLOR: '1' } });
  let [output, notes] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    notes += part;
  });
  const ended = new Promise<{ status: number | null; output: string }>((resolve) => {
    child.once('close', (status) => resolve({ status, output }));
  });
  const url = (): string => /ws:\S+/.exec(output + notes)?.[0] ?? '';
  await expect.poll(url, { timeout: 20_000 }).toMatch(/\d$/);
  return { child, url: url(), notes: () => notes, ended };
}

async function beginAnswer(url: string, maxAnswerTokens: number): Promise<Turn> {
  const { tokenizer } = createToyModel({ seed: 1, role: 'target' });
  const connect = connectWebSocket(url);
  const turn = startTurn({
    connect,
    tokenizer,
    drafter: null,
    prompt: [70, 71, 72],
    maxAnswerTokens,
    giveUpAfterMs: 500,
  });
  await turn[Symbol.asyncIterator]().next();
  return turn;
}

async function health(url: string): Promise<number> {
  return (await fetch(`${url.replace('ws:', 'http:')}/health`)).status;
}

describe('SIGTERM', () => {
  it('lets an answer end, refuses others, and ends with 0', async () => {
    const edge = await startEdge();
    const running = await beginAnswer(edge.url, 30);
    expect(await health(edge.url)).toBe(200);
    edge.child.kill('SIGTERM');
    await expect.poll(() => health(edge.url)).toBe(503);
    await expect(beginAnswer(edge.url, 5)).rejects.toMatchObject({ code: 'edge-draining' });
    expect(await running.report).toMatchObject({ outcome: { kind: 'ended', reason: 'length' } });
    expect((await edge.ended).status).toBe(0);
    expect(edge.notes()).toMatch(/going down: no new session, 1 answer may end within 30 s/);
  });

  it.each([
    ['ends what runs longer than --drain', ['--drain', '0'], ['SIGTERM'], 0],
    ['a second time ends at once', [], ['SIGTERM', 'SIGTERM'], 143],
    ['and Ctrl-C after it end at once', [], ['SIGTERM', 'SIGINT'], 130],
  ] as const)('%s', async (_, words, signals, status) => {
    const edge = await startEdge(words);
    const running = await beginAnswer(edge.url, 2000);
    const [first, second] = signals;
    edge.child.kill(first);
    if (second !== undefined) {
      await expect.poll(() => edge.notes()).toContain('going down');
      edge.child.kill(second);
    }
    expect((await edge.ended).status).toBe(status);
    running.stop();
  });
});

describe('SIGHUP', () => {
  it('opens the log file again, which only its owner may read, and ends nothing', async () => {
    const file = join(folder, 'edge.log');
    const edge = await startEdge(['--log-file', file, '--log-format', 'json', '--json']);
    await (await beginAnswer(edge.url, 3)).report;
    await expect.poll(() => readFileSync(file, 'utf8')).toContain('session-ended');
    renameSync(file, `${file}.old`);
    edge.child.kill('SIGHUP');
    await expect.poll(() => (existsSync(file) ? readFileSync(file, 'utf8') : '')).toContain('SIGHUP');
    edge.child.kill('SIGTERM');
    const { status, output } = await edge.ended;
    expect(status).toBe(0);
    for (const path of [file, `${file}.old`]) expect(statSync(path).mode & 0o777).toBe(0o600);
    const kinds = [`${file}.old`, file].flatMap((path) =>
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { kind: string }).kind),
    );
    expect(kinds).toEqual(['note', 'session-opened', 'session-ended', 'note', 'draining', 'closed']);
    expect(edge.notes()).not.toContain('session 1');
    expect(JSON.parse(output.slice(output.indexOf('{'))).summary).toMatchObject({ sessionsOpened: 1, faults: 0 });
  });
});
