import { expect, it } from 'vitest';
import { startToyEdge, toyDrafter, toyTurn } from '../../../test/together/toy-edge.ts';
import { createToyModel } from '../../models/port/toy.ts';
import type { Connection } from '../../network/transport/transport.ts';
import { startTurn } from './turn.ts';

function fakeConnection(): { readonly connection: Connection; readonly events: string[] } {
  const events: string[] = [];
  const counts = { sentBytes: 0, receivedBytes: 0, sentFrames: 0, receivedFrames: 0 };
  const send = (): void => void events.push('a frame');
  const close = (code: string): void => void events.push(code);
  return { connection: { writable: true, ...counts, send, close }, events };
}

const { tokenizer } = createToyModel({ seed: 1, role: 'draft' });
const options = { tokenizer, drafter: null, prompt: [1, 2] };

it('closes a connection that comes after the turn was stopped', async () => {
  const { connection, events } = fakeConnection();
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const turn = startTurn({ ...options, connect: () => promise });
  turn.stop();
  expect((await turn.report).outcome.kind).toBe('stopped');
  resolve(connection);
  await promise;
  await new Promise((done) => setImmediate(done));
  expect(events).toEqual(['done']);
});

it('ends with its own error where the opening fails, and connects no second time', async () => {
  const { connection, events } = fakeConnection();
  let connects = 0;
  let steps = 0;
  const connect = async (): Promise<Connection> => {
    connects += 1;
    return connection;
  };
  const onStep = (): void => {
    steps += 1;
    if (steps === 1) throw new Error('the disk is full');
  };
  const { report } = startTurn({ ...options, connect, onStep });
  await expect(report).resolves.toMatchObject({ outcome: { kind: 'failed', code: 'internal' } });
  expect(connects).toBe(1);
  expect(events.at(-1)).toBe('done');
});

it('reports the text of all its emissions, and the share of the drafts that held', async () => {
  await using edge = await startToyEdge();
  const acceptanceOf = async (agreement: number): Promise<number | undefined> => {
    const turn = startTurn(toyTurn(edge, { mode: 'sd', drafter: toyDrafter(agreement), maxAnswerTokens: 20 }));
    let text = '';
    for await (const emission of turn) text += emission.text;
    const report = await turn.report;
    expect(text).not.toBe('');
    expect(report.text).toBe(text);
    return report.acceptance;
  };
  expect(await acceptanceOf(1)).toBe(1);
  expect(await acceptanceOf(0)).toBe(0);
  const partly = await acceptanceOf(0.5);
  expect(partly).toBeGreaterThan(0);
  expect(partly).toBeLessThan(1);
});
