// The commands as a person runs them, with toy models: what they print where, and how they end.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../bin/outrider.ts', import.meta.url));
const toys = ['--model', 'toy:1', '--draft', 'toy:1:0.8'];

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly notes: string;
}

function start(words: readonly string[], input?: string): { child: ChildProcess; ended: Promise<Ended> } {
  const { child, ended } = startOpen(words);
  child.stdin?.end(input);
  return { child, ended };
}

/** Its input stays open, as that of a terminal does. */
function startOpen(words: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...words], { env: { ...process.env, NO_COLOR: '1' } });
  let [output, notes] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    notes += part;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status) => resolve({ status, output, notes }));
  });
  return { child, ended };
}

function run(words: readonly string[], input?: string): Promise<Ended> {
  return start(words, input).ended;
}

/** One line of cause, one of remedy with the code. */
function expectFailure({ notes }: Ended, code: string): void {
  const lines = notes.trimEnd().split('\n').slice(-2);
  expect(lines[0]).toMatch(/^✗ \S/);
  expect(lines[1]).toMatch(new RegExp(`^ {2}\\S.* \\[${code}\\]$`));
}

describe('any command', () => {
  it('ends without a word when nobody reads its output any more', async () => {
    for (const words of [
      ['scenario', 'schema'],
      ['simulate', '--slots', '3', '--json'],
    ]) {
      const { child, ended } = start(words);
      child.stdout?.destroy();
      expect(await ended).toEqual({ status: 141, output: '', notes: expect.not.stringMatching(/EPIPE|fault/) });
    }
  }, 60_000);
});

describe('outrider run', () => {
  it('answers a prompt with two processes and prints one JSON document', async () => {
    const ended = await run([
      'run',
      ...toys,
      '--profile',
      'reference',
      '--prompt',
      'hello',
      '--max-tokens',
      '40',
      '--json',
    ]);
    expect(ended.status).toBe(0);
    const { command, rows, summary } = JSON.parse(ended.output);
    expect(command).toBe('run');
    expect(rows.map((row: { mode: string }) => row.mode)).toEqual(['stream', 'ar']);
    expect(summary).toMatchObject({ identical: true });
    expect(summary.streamOverAr).toBeGreaterThan(0);
  });

  it('reads a piped prompt, prints the text alone to standard output, and the table to standard error', async () => {
    const ended = await run(['run', ...toys, '--unpaced', '--max-tokens', '20'], 'hello there');
    expect(ended.status).toBe(0);
    expect(ended.output.trim().split(/\s+/).length).toBeGreaterThan(10);
    expect(ended.output).not.toContain('ms per token');
    expect(ended.notes).toMatch(/ms per token/);
    expect(ended.notes).toMatch(/Both texts are identical/);
  });

  it.each(['sd', 'psd', 'psd-lockstep', 'edge-sd'])('writes the same text in mode %s', async (mode) => {
    const words = ['run', ...toys, '--unpaced', '--prompt', 'hello', '--max-tokens', '30', '--mode', mode, '--json'];
    const { summary, rows } = JSON.parse((await run(words)).output);
    expect(summary.identical).toBe(true);
    expect(rows[0].mode).toBe(mode);
  });

  it('marks what the device writes alone as unverified', async () => {
    const ended = await run([
      'run',
      ...toys,
      '--unpaced',
      '--prompt',
      'hello',
      '--max-tokens',
      '10',
      '--mode',
      'local',
    ]);
    expect(ended.status).toBe(0);
    expect(ended.notes).toMatch(/UNVERIFIED/);
  });

  it('keeps the text and ends with 130 when it is interrupted', async () => {
    const { child, ended } = start([
      'run',
      ...toys,
      '--profile',
      'reference',
      '--prompt',
      'hello',
      '--max-tokens',
      '2000',
    ]);
    let seen = '';
    child.stdout?.on('data', (part: string) => {
      seen += part;
      if (seen.length > 60 && !child.killed) child.kill('SIGINT');
    });
    const { status, output, notes } = await ended;
    expect(status).toBe(130);
    expect(output.startsWith(seen.slice(0, 60))).toBe(true);
    expect(notes).toMatch(/\[interrupted\]/);
  });
});

describe('run without a terminal', () => {
  it('answers a sample where nothing is piped in, prints the table, and ends with 0', async () => {
    const { status, output, notes } = await run(['run', ...toys, '--unpaced', '--max-tokens', '12']);
    expect(status).toBe(0);
    expect(output.trim().length).toBeGreaterThan(10);
    expect(notes).toMatch(/^no question was given: asking "Why is the sky blue\?"/);
    expect(notes).toContain('ar (edge alone)');
  });

  it('answers what is piped in as it answers --prompt, whatever line end follows', async () => {
    const words = ['run', ...toys, '--unpaced', '--max-tokens', '12', '--no-compare'];
    const { output } = await run([...words, '--prompt', 'hello there']);
    expect((await run(words, 'hello there\n')).output).toBe(output);
  });
});

describe('bad usage', () => {
  it.each([
    [['run', '--rtt', '-5'], /number from 0/],
    [['run', '--temperature', 'hot'], /number from 0 to 10/],
    [['run', '--mode', 'fast'], /Allowed choices/],
    [['nonsense'], /unknown command/],
    [['run', '--context', '0'], /number from 64/],
    [['run', '--prompt', 'hi', '--stop', 'a', 'b', 'c', 'd', 'e'], /give at most 4 texts \[bad-argument\]/],
    [['run', '--prompt', 'hi', '--link', 'rtt:5'], /not key=value/],
    [['run', '--prompt', ' '], /the prompt is empty/],
    [['device', '--prompt', 'hi', '--draft', 'toy:x'], /not a toy model/],
    [['device', '--draft', 'a', '--draft', 'b'], /'--draft <.*>' is given twice/],
    [['edge', '--port', '99999'], /number from 0 to 65535/],
  ])('%j ends with 2 and says what is allowed', async (words, message) => {
    const ended = await run(words);
    expect(ended.status).toBe(2);
    expect(ended.notes).toMatch(message);
  });

  it.each([['smollm2-135'], ['toy:abc'], ['/nowhere.gguf'], ['.'], ['package.json']])(
    'of run and edge with the model %s ends, with its code, also as JSON',
    async (model) => {
      for (const words of [
        ['run', '--prompt', 'hello', '--model', model, '--json'],
        ['edge', '--port', '0', '--model', model, '--json'],
      ]) {
        const { child, ended } = startOpen(words);
        const { status, output } = await ended;
        child.stdin?.end();
        expect(status).toBeGreaterThan(0);
        const { error } = JSON.parse(output);
        expect(error).toEqual({
          code: expect.stringMatching(/model|bad-arg/),
          cause: expect.anything(),
          remedy: expect.anything(),
        });
      }
    },
  );

  it('names an unknown model, with the code', async () => {
    const ended = await run(['edge', '--model', 'smollm2-135', '--port', '0']);
    expect(ended.status).toBe(2);
    expectFailure(ended, 'model-unknown');
  });

  it('does not listen beyond this machine without a key', async () => {
    const ended = await run(['edge', '--model', 'toy:1', '--host', '0.0.0.0', '--port', '0']);
    expect(ended.status).toBe(2);
    expectFailure(ended, 'bad-argument');
  });

  it('shows examples in its help, and ends with 0', async () => {
    const ended = await run(['run', '--help']);
    expect(ended.status).toBe(0);
    expect(ended.output).toMatch(/Examples:/);
  });
});

describe('edge and device apart', () => {
  async function startEdge(
    words: readonly string[],
  ): Promise<{ child: ChildProcess; url: string; ended: Promise<Ended> }> {
    const { child, ended } = start(['edge', '--model', 'toy:1', '--port', '0', ...words]);
    const url = await new Promise<string>((resolve) => {
      child.stdout?.once('data', (part: string) => resolve(part.trim()));
    });
    return { child, url, ended };
  }

  it('work over the address that the edge prints, with a key', async () => {
    const edge = await startEdge(['--key', 'a secret']);
    const device = ['device', '--edge', edge.url, '--draft', 'toy:1:0.8', '--prompt', 'hello', '--max-tokens', '20'];
    const answered = await run([...device, '--key', 'a secret', '--json', '--compare']);
    const once = await run([...device, '--key', 'a secret', '--json']);
    const refused = await run(device);
    edge.child.kill('SIGINT');
    expect(JSON.parse(answered.output).summary.identical).toBe(true);
    const { rows, summary, params } = JSON.parse(once.output);
    expect(rows).toHaveLength(1);
    expect(summary.identical).toBeNull();
    expect(params).toMatchObject({ compare: false });
    expect(once.output).not.toContain('a secret');
    expect(refused.status).toBe(1);
    expectFailure(refused, 'unauthorized');
    expect((await edge.ended).status).toBe(0);
  });

  it('say so when the port is taken, the edge is not there, or the draft is for another model', async () => {
    const edge = await startEdge([]);
    const taken = await run(['edge', '--model', 'toy:1', '--port', new URL(edge.url).port]);
    expect(taken.status).toBe(1);
    expectFailure(taken, 'port-in-use');
    const long = ['--prompt', 'word '.repeat(3000), '--draft', 'toy:1'];
    expectFailure(await run(['device', '--edge', edge.url, ...long]), 'context-full');
    edge.child.kill('SIGTERM');
    await edge.ended;
    const alone = await run(['device', '--edge', edge.url, '--draft', 'toy:1', '--prompt', 'hello']);
    expect(alone.status).toBe(1);
    expectFailure(alone, 'edge-unreachable');
  });
});
