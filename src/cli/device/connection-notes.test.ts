import { describe, expect, it } from 'vitest';
import type { EdgeMessage } from '../../core/protocol/wire/messages.ts';
import { noteConnections, noteServer } from './connection-notes.ts';

type Step = Parameters<ReturnType<typeof noteConnections>>[0];

const closed = { event: { kind: 'link-closed', link: 1 }, effects: [{ kind: 'connect', edge: 'edge' }] };
const received = (message: object) => {
  return { event: { kind: 'message-received', link: 1, message: message as EdgeMessage }, effects: [] };
};

function said(...steps: object[]): string[] {
  const lines: string[] = [];
  const note = noteConnections((line) => lines.push(line));
  for (const step of steps) note({ state: { outcome: null }, ...step } as unknown as Step);
  return lines;
}

describe('the notes of a connection', () => {
  it('say once that it is lost, and once that there is another', () => {
    const hello = received({ kind: 'hello' });
    expect(said(hello, closed, closed, hello, hello, closed)).toEqual([
      '[the connection to the edge is lost: reconnecting]',
      '[connected again]',
      '[the connection to the edge is lost: reconnecting]',
    ]);
  });

  it('call no connection lost that was refused before the edge could greet', () => {
    expect(said(closed, closed)).toEqual([]);
  });

  it('say nothing of a connection that is closed at the end of a turn', () => {
    expect(said({ event: closed.event, effects: [] })).toEqual([]);
    expect(said({ ...closed, state: { outcome: { kind: 'stopped' } } })).toEqual([]);
  });

  it('say how many are before this turn', () => {
    expect(said(received({ kind: 'queued', ahead: 3 }), received({ kind: 'queued', ahead: 0 }))).toEqual([
      '[the edge is full: 3 before you]',
      '[the edge is full: you are next]',
    ]);
  });

  it('do not fill the terminal for an edge that tells another number all the time', () => {
    const many = Array.from({ length: 1000 }, (_, ahead) => received({ kind: 'queued', ahead: 1000 - ahead }));
    expect(said(...many)).toHaveLength(100);
  });
});

describe('the note of another edge', () => {
  it('names it and why it is read from, and leaves out the first', () => {
    const lines: string[] = [];
    const note = noteServer(
      (line) => lines.push(line),
      (edge) => (edge === 'b' ? 'a has failed' : undefined),
    );
    for (const edge of ['a', 'b', 'a']) note(edge);
    expect(lines).toEqual(['[b goes on: a has failed]', '[a goes on]']);
  });
});
