// The command in this process, with a toy: from the address that it prints to the account at its end.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
import { createDevice } from '../../processes/device/device.ts';
import { terminationOf } from '../terminal/signal.fixture.ts';
import { edgeCommand, type ServedEdge } from './edge.ts';

// It would change the flags of V8 for all tests of this process.
vi.mock('./heap-bounds.ts', () => ({ boundHeap: () => ({ [Symbol.dispose]() {} }) }));

afterEach(() => {
  vi.restoreAllMocks();
});

describe('an edge with --json', () => {
  it('prints an account of all that it has done, and nothing of the moment in which it ends', async () => {
    const text = { out: '', err: '' };
    for (const [name, stream] of [
      ['out', process.stdout],
      ['err', process.stderr],
    ] as const)
      vi.spyOn(stream, 'write').mockImplementation((part) => {
        text[name] += String(part);
        return true;
      });
    const opened = Promise.withResolvers<ServedEdge>();
    const words = ['--model', 'toy:3', '--port', '0', '--json', '--profile', 'edge-70b-a6000', '--log-level', 'error'];
    const terminate = terminationOf();
    const ended = edgeCommand(opened.resolve).exitOverride().parseAsync(words, { from: 'user' });
    const { target } = await opened.promise;
    const url = /^ws:\/\/127\.0\.0\.1:\d+$/m.exec(text.err)?.[0] ?? '';
    const device = createDevice({ edge: connectWebSocket(url), tokenizer: target.tokenizer, drafter: null });
    expect((await device.ask('hello', { maxAnswerTokens: 3 }).report).tokens).toHaveLength(3);
    terminate();
    await ended;
    const { command, summary, params } = JSON.parse(text.out);
    expect(command).toBe('edge');
    expect(params).toMatchObject({ model: 'toy:3' });
    expect(summary).toMatchObject({ sessionsOpened: 1, pacedOverrunShare: expect.any(Number) });
    for (const name of ['state', 'sessions', 'answering', 'connections', 'keptTokens'])
      expect(summary).not.toHaveProperty(name);
  });
});
