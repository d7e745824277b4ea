import { expect, it } from 'vitest';
import { createToyModel } from '../models/toy.ts';
import type { Connection } from '../transport/transport.ts';
import { startTurn } from './turn.ts';

it('closes a connection that comes after the turn was stopped', async () => {
  const { tokenizer } = createToyModel({ seed: 1, role: 'draft' });
  const closed: string[] = [];
  const connection: Connection = {
    writable: true,
    sentBytes: 0,
    receivedBytes: 0,
    sentFrames: 0,
    receivedFrames: 0,
    send: () => closed.push('sent something'),
    close: (code) => closed.push(code),
  };
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const turn = startTurn({ connect: () => promise, tokenizer, drafter: null, prompt: [1, 2] });
  turn.stop();
  expect((await turn.report).outcome.kind).toBe('stopped');
  resolve(connection);
  await promise;
  await new Promise((done) => setImmediate(done));
  expect(closed).toEqual(['done']);
});
