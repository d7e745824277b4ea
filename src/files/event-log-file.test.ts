import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startToyEdge, toySeed, toyTurn } from '../../test/together/toy-edge.ts';
import { createToyModel } from '../models/port/toy.ts';
import { startTurn } from '../processes/device/turn.ts';
import type { SessionStep } from '../processes/edge/edge-sessions.ts';
import { logSessions, readEventLog, type SessionLogSettings, type SessionLogs } from './event-log-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrider-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const { tokenizer } = createToyModel({ seed: toySeed, role: 'target' });

async function answer(logs: SessionLogs, maxAnswerTokens: number): Promise<string> {
  await using edge = await startToyEdge({ onStep: logs.onStep, onForgotten: logs.onForgotten });
  const { text, outcome } = await startTurn(toyTurn(edge, { maxAnswerTokens })).report;
  expect(outcome).toMatchObject({ kind: 'ended' });
  await logs.close();
  return text;
}

describe('logSessions', () => {
  it('never writes over the logs of another run, and replay finds the newest', async () => {
    const first = logSessions(folder, tokenizer);
    await answer(first, 20);
    const size = statSync(join(first.directory, 'session-1.jsonl')).size;
    const second = logSessions(folder, tokenizer);
    await answer(second, 3);
    expect(statSync(join(first.directory, 'session-1.jsonl')).size).toBe(size);
    expect(readdirSync(folder)).toHaveLength(2);
    const newest = readEventLog(join(second.directory, 'session-1.jsonl'));
    expect(readEventLog(join(folder, 'session-1.jsonl')).lines).toEqual(newest.lines);
  });

  it('ends the log of a session that was forgotten, whatever its last step brings', async () => {
    const logs = logSessions(folder, tokenizer);
    const steps: SessionStep[] = [];
    const onStep = (step: SessionStep): void => {
      steps.push(step);
      logs.onStep(step);
    };
    await answer({ ...logs, onStep }, 3);
    const path = join(logs.directory, 'session-1.jsonl');
    const size = statSync(path).size;
    logs.onForgotten(1);
    logs.onStep(steps.find(({ event }) => event.kind === 'step-done') as SessionStep);
    await logs.close();
    expect(statSync(path).size).toBe(size);
    expect(readEventLog(path).lines.length).toBeGreaterThan(3);
  });

  it('lets nobody else read them', async () => {
    const logs = logSessions(folder, tokenizer);
    await answer(logs, 3);
    expect(statSync(logs.directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(logs.directory, 'session-1.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('ends with one word where the disk fails, and the edge goes on', async () => {
    const ended: string[] = [];
    const logs = logSessions(folder, tokenizer, { onEnded: (why) => ended.push(why) });
    // Each write to it fails, as on a full disk.
    symlinkSync('/dev/full', join(logs.directory, 'session-1.jsonl'));
    await answer(logs, 60);
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatch(/ENOSPC|no space/);
  });

  it('ends with one word at its largest size', async () => {
    const ended: string[] = [];
    const settings: SessionLogSettings = { mostBytes: 4000, onEnded: (why) => ended.push(why) };
    const logs = logSessions(folder, tokenizer, settings);
    await answer(logs, 200);
    await expect.poll(() => ended).toHaveLength(1);
    expect(statSync(join(logs.directory, 'session-1.jsonl')).size).toBeLessThanOrEqual(4000);
    expect(dirname(logs.directory)).toBe(folder);
  });

  it('may come to its largest size, and ends once beyond it, though a step has several lines', async () => {
    const steps: SessionStep[] = [];
    const whole = logSessions(folder, tokenizer);
    const onStep = (step: SessionStep): void => {
      steps.push(step);
      whole.onStep(step);
    };
    await answer({ ...whole, onStep }, 3);
    const { size } = statSync(join(whole.directory, 'session-1.jsonl'));
    const endsAt = (mostBytes: number): number => {
      let ends = 0;
      const logs = logSessions(folder, tokenizer, { mostBytes, onEnded: () => (ends += 1) });
      for (const step of steps) logs.onStep(step);
      logs.closeNow();
      return ends;
    };
    expect([size, size - 1, 1].map(endsAt)).toEqual([0, 1, 1]);
  });
});
