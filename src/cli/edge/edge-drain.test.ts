import { describe, expect, it } from 'vitest';
import { startToyEdge, toyTurn } from '../../../test/together/toy-edge.ts';
import { startTurn } from '../../processes/device/turn.ts';
import { printedBy } from '../terminal/output.fixture.ts';
import { edgeDrainCommand } from './edge-drain.ts';

/** Runs the command. @returns its document and exit status */
async function drain(...words: string[]) {
  const { text, status } = await printedBy(edgeDrainCommand(), [...words, '--json']);
  return { summary: JSON.parse(text).summary as object, status };
}

describe('an order to drain', () => {
  it('waits until no answer runs, or for the time of --wait', async () => {
    await using edge = await startToyEdge({ mayOrder: () => true });
    const turn = startTurn(toyTurn(edge, { maxAnswerTokens: 60, drafter: null }));
    await turn[Symbol.asyncIterator]().next();
    const draining = (answering: number) => ({ state: 'draining', answering, waiting: 0 });
    expect(await drain(edge.url, '--wait', '0')).toEqual({ summary: draining(1), status: 1 });
    expect(await drain(edge.url, '--wait', '30')).toEqual({ summary: draining(0), status: 0 });
    expect((await turn.report).outcome).toMatchObject({ kind: 'ended' });
    expect((await drain(edge.url, '--undo')).summary).toMatchObject({ state: 'serving' });
  });
});
