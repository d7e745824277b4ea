// The bounds of an endpoint, and the people that they must never refuse.

import { describe, expect, it } from 'vitest';
import { defaultRate, keyRateOf } from '../../core/protocol/edge/edge-connections.ts';
import { SenderRates } from '../../core/protocol/wire/rate-book.ts';
import { scanBody, unscanned } from './body-scan.ts';
import { RequestIntake, requestBytes, valueBytes } from './request-intake.ts';
import { bodyLimitsOf, demandCounts } from './request-limits.ts';

const key = { keyId: 'a', address: '10.0.0.1' };
const other = { keyId: 'b', address: '10.0.0.1' };
const refusal = { status: 429, code: 'rate_limit_exceeded' };

/** 128 tools, and a history of short turns up to 27,000 tokens. */
function agentBody(): string {
  const properties = Object.fromEntries(['path', 'from', 'to', 'text'].map((name) => [name, { type: 'string' }]));
  const tools = Array.from({ length: 128 }, (_, index) => {
    const parameters = { type: 'object', properties, required: ['path'] };
    return { type: 'function', function: { name: `tool_${index}`, description: 'Does one thing.', parameters } };
  });
  const messages: object[] = [];
  for (let length = 0; length < 80_000; ) {
    const turn = { role: messages.length % 2 === 0 ? 'user' : 'assistant', content: 'a "line"\n'.repeat(40) };
    messages.push(turn);
    length += JSON.stringify(turn).length;
  }
  return JSON.stringify({ model: 'm', messages, tools, max_tokens: 500, stream: true });
}

describe('an agent of 27,000 tokens', () => {
  const text = agentBody();
  const bytes = new TextEncoder().encode(text);
  const { values, deepest } = scanBody(unscanned, bytes);
  const cost = requestBytes + bytes.length + valueBytes * values;

  it('is within the limits of a body, also where the context is too small for it', () => {
    expect(bytes.length).toBeGreaterThan(110_000);
    expect(deepest).toBeLessThan(16);
    for (const contextTokens of [2048, 32_768]) {
      const limits = bodyLimitsOf('/v1/messages', { contextTokens });
      expect([limits.bytes > 2 * bytes.length, limits.values > 2 * values]).toEqual([true, true]);
      expect(() => demandCounts(JSON.parse(text), { contextTokens })).not.toThrow();
    }
  });

  it.each([1, 8])('is never refused, nor are 20 people behind its key, where the edge writes %d answers', (answers) => {
    const rates = new SenderRates(keyRateOf(defaultRate, answers));
    let now = 0;
    const intake = new RequestIntake({ spend: (sender, spent) => rates.spend(sender, now, spent) });
    // All at once, and then each of them every ten seconds, for an hour.
    for (let turn = 0; turn < 360; turn += 1) {
      now = turn * 10_000;
      for (let person = 0; person < 20; person += 1) expect(() => intake.spend(key, cost)).not.toThrow();
    }
  });

  it('is still served where somebody with its key floods, and one with another key notices nothing', () => {
    const rates = new SenderRates(keyRateOf(defaultRate, 8));
    let now = 0;
    const intake = new RequestIntake({ spend: (sender, spent) => rates.spend(sender, now, spent) });
    let taken = 0;
    let served = 0;
    for (; now < 60_000; now += 10) {
      try {
        intake.spend(key, 2_000_000);
        taken += 2_000_000;
      } catch (error) {
        expect(error).toMatchObject(refusal);
      }
      if (now % 1000 === 0) expect(() => intake.spend(other, cost)).not.toThrow();
      if (now % 5000 === 0 && rates.spend(key, now, cost) === 0) served += 1;
    }
    expect(taken).toBeLessThan(30e6 + 60 * 8 * defaultRate.bytesPerSecond);
    expect(served).toBeGreaterThan(0);
  });
});

describe('unfinished bodies', () => {
  it('make room by the largest one of whoever has the most', async () => {
    const intake = new RequestIntake({ unfinishedBytes: 100 });
    const [small, large, honest] = [intake.open(key), intake.open(key), intake.open(other)];
    honest.grow(45);
    small.grow(20);
    large.grow(30);
    expect(intake.unfinishedBytes).toBe(95);
    honest.grow(4);
    small.grow(2);
    await expect(large.ended).rejects.toMatchObject(refusal);
    expect(intake.unfinishedBytes).toBe(71);
    for (const body of [small, large, honest]) body[Symbol.dispose]();
    expect(intake.unfinishedBytes).toBe(0);
  });

  it('count for the key from wherever they come, and for the address without one', async () => {
    const intake = new RequestIntake({ unfinishedBytes: 100 });
    const parts = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => intake.open({ keyId: 'a', address }));
    const alone = intake.open({ keyId: null, address: '10.0.0.1' });
    alone.grow(50);
    for (const part of parts) part.grow(20);
    await expect(parts[0]?.ended).rejects.toMatchObject(refusal);
    expect(intake.unfinishedBytes).toBe(90);
    alone[Symbol.dispose]();
  });
});

describe('room for answers', () => {
  it('is counted by key, and comes back with each end', () => {
    const intake = new RequestIntake();
    const ended = intake.reserve(key, 6, 8);
    expect(() => intake.reserve(key, 3, 8)).toThrow(/3 answers, and 6 run or wait already; at most 8 may/);
    expect(() => intake.reserve(other, 8, 8)).not.toThrow();
    ended();
    expect(() => intake.reserve(key, 3, 8)).not.toThrow();
    expect(() => intake.reserve({ keyId: null, address: 'x' }, 9, 8)).toThrow();
  });
});
