import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startToyEdge, toySeed, toyTurn } from '../../test/together/toy-edge.ts';
import { logSessions, logTurns, readEventLog } from '../files/event-log-file.ts';
import { createToyModel } from '../models/port/toy.ts';
import { startTurn } from '../processes/device/turn.ts';
import { runReplay } from './replay.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrider-'));
const file = join(folder, 'turn.jsonl');
let text = '';

beforeAll(async () => {
  const { tokenizer } = createToyModel({ seed: toySeed, role: 'target' });
  const logs = logSessions(join(folder, 'edge'), tokenizer);
  await using edge = await startToyEdge({ onStep: logs.onStep, onForgotten: logs.onForgotten });
  const logTurn = logTurns(file, tokenizer);
  for (const maxAnswerTokens of [20, 5]) {
    const turn = startTurn({ ...toyTurn(edge), maxAnswerTokens, onStep: logTurn() });
    const report = await turn.report;
    if (maxAnswerTokens === 20) text = report.text;
  }
  await logs.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('replay', () => {
  it('has a file for each turn and each session', () => {
    expect(readdirSync(folder).sort()).toEqual(['edge', 'turn-2.jsonl', 'turn.jsonl']);
    const [run = ''] = readdirSync(join(folder, 'edge'));
    expect(readdirSync(join(folder, 'edge', run)).sort()).toEqual(['session-1.jsonl', 'session-2.jsonl']);
  });

  it.each(['turn.jsonl', 'edge/session-1.jsonl'])('shows the same text and no difference: %s', (name) => {
    const { summary, rows, differenceCount } = runReplay(readEventLog(join(folder, name)));
    expect(summary).toMatchObject({ differences: 0, text, answerTokens: 20 });
    expect(rows).toHaveLength(Number(summary['eventsInLog']));
    expect(differenceCount).toBe(0);
  });

  it('stops where it is told to', () => {
    const { summary, rows } = runReplay(readEventLog(file), 7);
    expect(rows).toHaveLength(7);
    expect(summary['events']).toBe(7);
    expect(summary['answerTokens']).toBeLessThan(20);
  });

  it('counts differences in a log that was changed', () => {
    const changed = join(folder, 'turn-2.jsonl');
    writeFileSync(changed, readFileSync(changed, 'utf8').replaceAll('"draft-next"', '"draft-later"'));
    expect(runReplay(readEventLog(changed)).differenceCount).toBeGreaterThan(0);
  });

  it('says of a file that is not there that it is not there', () => {
    expect(() => readEventLog(join(folder, 'none'))).toThrowError(expect.objectContaining({ code: 'bad-argument' }));
  });
});
