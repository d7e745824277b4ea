import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../processes/http/request-record.ts';
import { describeRequest, levelOfRequest, logRequests } from './request-log.ts';

const answered: RequestRecord = {
  request: '00ff',
  route: 'POST /v1/completions',
  address: '10.0.0.7',
  key: 'phone',
  status: 200,
  outcome: 'answered',
  code: null,
  ms: 310.123,
  answer: {
    model: 'm',
    stream: true,
    choices: 1,
    mode: 'stream',
    promptTokens: 12,
    completionTokens: 30,
    acceptedDrafts: 20,
    rejectedDrafts: 5,
    verified: true,
    firstTokenMs: 80.456,
    finishReasons: ['end'],
  },
};
const refusal = { status: 401, outcome: 'refused', code: 'invalid_api_key' } as const;
const refused: RequestRecord = { ...answered, ...refusal, key: null, answer: null, ms: 1 };

function bed() {
  const lines: { readonly level: string; readonly fields: object; readonly words: string }[] = [];
  let nowMs = 1;
  const ended = logRequests({ line: (level, fields, words) => lines.push({ level, fields, words }) }, () => nowMs);
  const wait = (ms: number): void => {
    nowMs += ms;
  };
  return { lines, ended, wait };
}

describe('the line of a request', () => {
  it('is readable, and flat as JSON', () => {
    const { lines, ended } = bed();
    ended(answered);
    const { answer, ...request } = answered;
    expect(lines).toEqual([
      {
        level: 'info',
        fields: { kind: 'request', ...request, ms: 310.12, ...answer, firstTokenMs: 80.46 },
        words:
          '00ff POST /v1/completions from 10.0.0.7 (key phone): 200, 310 ms, 12 and 30 tokens, the first after 80 ms, ' +
          '20 of 25 drafts accepted, stream',
      },
    ]);
    expect(describeRequest(refused)).toBe(
      '00ff POST /v1/completions from 10.0.0.7: 401, refused (invalid_api_key), 1 ms',
    );
  });

  it('has a level by what became of it', () => {
    const probe: RequestRecord = { ...answered, answer: null };
    const failed: RequestRecord = { ...answered, outcome: 'failed' };
    expect([answered, probe, refused, failed].map(levelOfRequest)).toEqual(['info', 'debug', 'warn', 'error']);
  });

  it('is left out where refused requests of a peer flood, and counted', () => {
    const { lines, ended, wait } = bed();
    for (let count = 0; count < 1000; count += 1) ended(refused);
    ended(answered);
    expect(lines).toHaveLength(51);
    wait(10_001);
    ended(answered);
    const peer = { address: '10.0.0.7', key: null, outcome: 'refused' };
    const more = { kind: 'more', of: 'request', ...peer, count: 950, inMs: 10_000 };
    expect(lines.slice(51)).toMatchObject([{ level: 'warn', fields: more }, { words: describeRequest(answered) }]);
    expect(lines[51]?.words).toBe('and 950 more requests refused from 10.0.0.7');
  });

  it('is left out again in the flood after that', () => {
    const { lines, ended, wait } = bed();
    for (let count = 0; count < 60; count += 1) ended(refused);
    wait(10_001);
    for (let count = 0; count < 60; count += 1) ended(refused);
    // 50 lines, the count of the others, 50 lines.
    expect(lines).toHaveLength(101);
    wait(10_001);
    ended(answered);
    expect(lines.slice(101)).toMatchObject([{ fields: { kind: 'more', count: 10 } }, { fields: { kind: 'request' } }]);
  });

  it('is not lost in the flood of another peer', () => {
    const { lines, ended } = bed();
    for (let count = 0; count < 1000; count += 1) ended(refused);
    ended({ ...refused, address: '10.0.0.8' });
    expect(lines.at(-1)?.words).toContain('10.0.0.8');
  });

  it('tells each peer apart, but no more than so many lines and peers in a window', () => {
    const { lines, ended, wait } = bed();
    for (let count = 0; count < 1000; count += 1) ended({ ...refused, address: `10.0.${count >> 8}.${count & 255}` });
    expect(lines).toHaveLength(200);
    ended({ ...refused, address: '10.0.0.1' });
    wait(10_001);
    ended(answered);
    const more = lines.slice(200).filter(({ fields }) => 'count' in fields);
    expect(more.length).toBeLessThanOrEqual(257);
    expect(more.at(-1)).toMatchObject({ fields: { address: null, count: 744 } });
    expect(more[0]).toMatchObject({ fields: { address: '10.0.0.1', count: 1 } });
  });

  it('is one for a flood of requests that only look, and none for a probe', () => {
    const { lines, ended, wait } = bed();
    const look: RequestRecord = { ...answered, route: 'GET /metrics', answer: null };
    for (let count = 0; count < 1000; count += 1) ended(look);
    for (let count = 0; count < 10; count += 1) ended({ ...look, address: '10.0.0.8' });
    wait(10_001);
    ended(answered);
    expect(lines.filter(({ level }) => level === 'warn').map(({ words }) => words)).toEqual([
      '1,000 requests that only look from 10.0.0.7 (key phone)',
    ]);
  });
});
