import { afterEach, describe, expect, it, vi } from 'vitest';
import { startToyEdge, toyTurn } from '../../../test/together/toy-edge.ts';
import { startTurn } from '../../processes/device/turn.ts';
import { writtenTo } from '../terminal/output.fixture.ts';
import { edgeDrainCommand } from './edge-drain.ts';

afterEach(() => vi.restoreAllMocks());

/** Runs the command. @returns its document and exit status */
async function drain(...words: string[]) {
  const text = writtenTo(process.stdout);
  const before = process.exitCode;
  try {
    await edgeDrainCommand()
      .exitOverride()
      .parseAsync([...words, '--json'], { from: 'user' });
    return { summary: JSON.parse(text()).summary as object, status: process.exitCode };
  } finally {
    process.exitCode = before;
    vi.restoreAllMocks();
  }
}

describe('an order to drain', () => {
  it('waits until no answer runs, or for the time of --wait', async () => {
    await using edge = await startToyEdge({ mayOrder: () => true });
    const turn = startTurn(toyTurn(edge, { maxAnswerTokens: 60, drafter: null }));
    await turn[Symbol.asyncIterator]().next();
    expect(await drain(edge.url, '--wait', '0')).toEqual({
      summary: { state: 'draining', answering: 1, waiting: 0 },
      status: 1,
    });
    expect(await drain(edge.url, '--wait', '30')).toEqual({
      summary: { state: 'draining', answering: 0, waiting: 0 },
      status: 0,
    });
    expect((await turn.report).outcome).toMatchObject({ kind: 'ended' });
    expect((await drain(edge.url, '--undo')).summary).toMatchObject({ state: 'serving' });
  });
});
