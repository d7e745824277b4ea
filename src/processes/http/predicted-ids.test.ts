import { describe, expect, it } from 'vitest';
import type { CompletionRequest } from './completion-port.ts';
import { PredictedIds } from './predicted-ids.ts';

/** Each character is a token; the lengths of what was encoded. */
function scene(contextTokens?: number) {
  const encoded: string[] = [];
  const encode = (text: string): number[] => {
    encoded.push(text);
    return [...text].map((character) => character.codePointAt(0) as number);
  };
  const ids = new PredictedIds({ encode }, () => contextTokens);
  const prompt: CompletionRequest['prompt'] = { kind: 'text', text: '' };
  const request = (prediction?: string, signal = new AbortController().signal) =>
    prediction === undefined ? { prompt, signal } : { prompt, prediction, signal };
  return { encoded, ids, request };
}

describe('tokens of a prediction', () => {
  it('are those of the whole text', async () => {
    const { ids, request, encoded } = scene();
    const text = `${'a line of text\n'.repeat(1000)}${'🚲'.repeat(20_000)}`;
    expect(String.fromCodePoint(...((await ids.idsOf(request(text))) ?? []).slice(0, 15_000))).toBe(
      text.slice(0, 15_000),
    );
    expect(encoded.join('')).toBe(text);
    expect(encoded.every((piece) => piece.isWellFormed())).toBe(true);
    expect(encoded[0]?.endsWith('\n')).toBe(true);
  });

  it('are those of whole characters, also where a piece would end within one', async () => {
    const { ids, request, encoded } = scene();
    const text = `x${'🚲'.repeat(10_000)}`;
    await ids.idsOf(request(text));
    expect(encoded.join('')).toBe(text);
    expect(encoded.map((piece) => [piece.isWellFormed(), piece.length])).toEqual([
      ...[8191, 8192, 3618].map((length) => [true, length]),
    ]);
  });

  it('are encoded whole where they need no second piece, and so is a last piece', async () => {
    const { ids, request, encoded } = scene();
    const last = `${'x'.repeat(8000)}\n${'y'.repeat(191)}`;
    await ids.idsOf(request(last));
    await ids.idsOf({ ...request(`${'z'.repeat(8192)}${last}`), prompt: { kind: 'text', text: 'other' } });
    expect(encoded).toEqual([last, 'z'.repeat(8192), last]);
  });

  it('leave room for others between pieces', async () => {
    const { ids, request, encoded } = scene();
    const whole = ids.idsOf(request('x'.repeat(100_000)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(encoded.length).toBeLessThan(3);
    expect((await whole)?.length).toBe(100_000);
    expect(Math.max(...encoded.map((piece) => piece.length))).toBeLessThanOrEqual(8192);
  });

  it('are made once for all choices of a request, and not at all without one', async () => {
    const { ids, request, encoded } = scene();
    const asked = request('x'.repeat(20_000));
    await Promise.all([ids.idsOf(asked), ids.idsOf(asked), ids.idsOf(asked)]);
    expect(encoded.join('').length).toBe(20_000);
    expect(await ids.idsOf(request())).toBeNull();
  });

  it('end with the request, and at 524,288 characters', async () => {
    const { ids, request, encoded } = scene();
    await ids.idsOf(request('x'.repeat(100_000), AbortSignal.abort()));
    expect(encoded).toEqual([]);
    const other = scene();
    expect((await other.ids.idsOf(other.request('x'.repeat(600_000))))?.length).toBe(524_288);
  });

  it('are no more than an answer can come to', async () => {
    const { ids, request } = scene(100);
    expect((await ids.idsOf(request('x'.repeat(5000))))?.length).toBe(1600);
  });
});
