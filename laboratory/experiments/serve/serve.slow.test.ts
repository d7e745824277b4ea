import { describe, expect, it } from 'vitest';
import { measureCrowd } from './crowd.ts';
import { measureOverhead } from './endpoint.ts';

const quietly = { onProgress: () => {}, signal: new AbortController().signal };

describe('a crowd of clients', () => {
  it('gets the texts of the target, and each chunk is found again', async () => {
    const crowd = await measureCrowd({ clients: 6, seconds: 3 }, 'reference-draft', quietly);
    expect(crowd).toMatchObject({ clients: 6, textsWrong: 0, failed: 0 });
    expect(crowd.answers).toBeGreaterThan(6);
    expect(crowd.addedDelayP50Ms).toBeGreaterThan(0);
    expect(crowd.addedDelayP99Ms).toBeGreaterThanOrEqual(crowd.addedDelayP50Ms);
  }, 60_000);
});

it('measures what HTTP adds to a request', async () => {
  const { libraryMs, wholeMs, streamedMs } = await measureOverhead(10);
  expect(Math.min(libraryMs, wholeMs, streamedMs)).toBeGreaterThan(0);
}, 60_000);
