import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../core/protocol/device/device-state.ts';
import type { Message } from '../../models/port/model.ts';
import type { TurnReport } from '../../processes/device/turn-report.ts';
import { chat } from './chat.ts';

const account = { steps: 1, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
const ended = (reason: 'end-token' | 'length' | 'context-full'): Outcome => ({ kind: 'ended', reason, account });
const failed = (code: 'edge-unreachable' | 'context-full'): Outcome => {
  return { kind: 'failed', code, cause: 'the \u001b[2Jcause', remedy: 'the remedy' };
};

/** @param outcomes of the answers, in turn; each answer's text is its number */
async function run(lines: readonly string[], outcomes: readonly Outcome[]) {
  const typed = [...lines];
  const asked: (readonly Message[])[] = [];
  const said: string[] = [];
  let forgotten = 0;
  await chat(
    {
      ask: () => Promise.resolve(typed.shift()),
      say: (line) => said.push(line),
      forget: () => {
        forgotten += 1;
      },
      answer(turns) {
        asked.push(turns);
        const outcome = outcomes[asked.length - 1] ?? ended('end-token');
        return Promise.resolve({ outcome, text: `${asked.length}`, tokens: [1] } as unknown as TurnReport);
      },
    },
    128,
  );
  const contents = asked.map((turns) => turns.map(({ content }) => content));
  return { contents, said: said.join('\n'), forgotten, left: typed };
}

describe('a chat', () => {
  it('sends the conversation so far with each question', async () => {
    const { contents } = await run(['a', '', 'b'], []);
    expect(contents).toEqual([['a'], ['a', '1', 'b']]);
  });

  it('keeps commands to itself, known or not', async () => {
    const { contents, said } = await run(['/help', '/nonsense \u001b[2J', '/HELP'], []);
    expect(contents).toEqual([]);
    expect(said).toMatch(/\/clear .*\n.*\/exit/);
    expect(said).toMatch(/no command \/nonsense/);
    expect(said).not.toContain('\u001b');
  });

  it('sends a line with two slashes with one', async () => {
    expect((await run(['//etc is what?'], [])).contents).toEqual([['/etc is what?']]);
  });

  it('starts a new conversation at /clear, and ends at /exit', async () => {
    const { contents, forgotten, left } = await run(['a', '/clear', 'b', '/exit', 'c'], []);
    expect(contents).toEqual([['a'], ['b']]);
    expect(forgotten).toBe(1);
    expect(left).toEqual(['c']);
  });

  it('keeps the conversation when the edge is lost, and asks again at Enter', async () => {
    const { contents, said } = await run(
      ['a', 'b', '', 'c'],
      [ended('end-token'), failed('edge-unreachable'), ended('end-token')],
    );
    expect(contents).toEqual([['a'], ['a', '1', 'b'], ['a', '1', 'b'], ['a', '1', 'b', '3', 'c']]);
    expect(said).toMatch(/\[edge-unreachable\]\n {2}the remedy\n.*Enter asks the question again/);
    expect(said).not.toContain('\u001b');
  });

  it('lets another question replace the one that failed', async () => {
    const { contents } = await run(['a', 'b', '', ''], [failed('edge-unreachable')]);
    expect(contents).toEqual([['a'], ['b']]);
  });

  it('says how to go on when the context is full, and drops nothing before', async () => {
    const { contents, said } = await run(['a', 'b', '/clear', ''], [ended('end-token'), failed('context-full')]);
    expect(contents).toEqual([['a'], ['a', '1', 'b'], ['b']]);
    expect(said).toMatch(/conversation is full; nothing was left out of it\. \/clear starts a new one/);
    expect(said).toMatch(/A new conversation\. Enter asks the last question again/);
  });

  it.each([
    [ended('length'), /Cut here: .*--max-tokens 128/],
    [ended('context-full'), /Cut here: the context is full; \/clear/],
    [{ kind: 'stopped' } as Outcome, /Stopped here: the answer is not complete/],
  ])('says why an answer is cut: %j', async (outcome, words) => {
    expect((await run(['a'], [outcome])).said).toMatch(words);
    expect((await run(['a'], [ended('end-token')])).said).not.toMatch(/Cut|Stopped/);
  });
});
