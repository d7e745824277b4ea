// The command in this process, with a toy: from the address that it prints to the account at its end.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { addKeyTo } from '../../files/key-files.ts';
import { keyTerms } from '../../files/key-terms.fixture.ts';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import { connectWebSocket } from '../../network/transport-node/websocket-client.ts';
import { createDevice } from '../../processes/device/device.ts';
import { writtenTo } from '../terminal/output.fixture.ts';
import { terminationOf } from '../terminal/signal.fixture.ts';
import { edgeCommand, type ServedEdge } from './edge.ts';

// It would change the flags of V8 for all tests of this process.
vi.mock('./heap-bounds.ts', () => ({ boundHeap: () => ({ [Symbol.dispose]() {} }) }));

const here = folderOfEach();
afterEach(() => vi.restoreAllMocks());

/** Starts the command. @returns what it prints, as it grows */
async function startedWith(...words: string[]) {
  const [out, err] = [writtenTo(process.stdout), writtenTo(process.stderr)];
  const opened = Promise.withResolvers<ServedEdge>();
  const terminate = terminationOf();
  const all = ['--model', 'toy:3', '--port', '0', '--log-level', 'error', ...words];
  const ended = edgeCommand(opened.resolve).exitOverride().parseAsync(all, { from: 'user' });
  return { out, err, ended, terminate, ...(await opened.promise) };
}

describe('the first lines of an edge', () => {
  it.each([
    [[], 'in a browser:', "for OpenAI's clients:"],
    [['--keys'], 'in a browser, with the scopes chat and verify:', "for OpenAI's clients, with the scope chat:"],
  ])('with %j say which scopes its invitations need', async (words, page, clients) => {
    const file = here('keys.json');
    await addKeyTo(file, keyTerms('phone'), Date.now());
    const { err, ended, terminate } = await startedWith(...words.flatMap((word) => [word, file]));
    terminate();
    await ended;
    expect(err()).toContain(`a page to chat ${page} http://127.0.0.1:`);
    expect(err()).toContain(`${clients} http://127.0.0.1:`);
  });
});

describe('an edge with --json', () => {
  it('prints an account of all that it has done, and nothing of the moment in which it ends', async () => {
    const { out, err, ended, terminate, target } = await startedWith('--json', '--profile', 'edge-70b-a6000');
    const url = /^ws:\/\/127\.0\.0\.1:\d+$/m.exec(err())?.[0] ?? '';
    const device = createDevice({ edge: connectWebSocket(url), tokenizer: target.tokenizer, drafter: null });
    expect((await device.ask('hello', { maxAnswerTokens: 3 }).report).tokens).toHaveLength(3);
    terminate();
    await ended;
    const { command, summary, params } = JSON.parse(out());
    expect(command).toBe('edge');
    expect(params).toMatchObject({ model: 'toy:3' });
    expect(summary).toMatchObject({ sessionsOpened: 1, pacedOverrunShare: expect.any(Number) });
    for (const name of ['state', 'sessions', 'answering', 'connections', 'keptTokens'])
      expect(summary).not.toHaveProperty(name);
  });
});
