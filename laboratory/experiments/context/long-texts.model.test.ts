import { expect, it } from 'vitest';
import { readLongPrompt } from './long-texts.ts';

it('reads a prompt with a real engine beside sessions that write meanwhile, and neither waits for the other', async () => {
  const found = await readLongPrompt(2500);
  // The bench measures rates; here both continue.
  expect(found.besideTokensPerSecond).toBeGreaterThan(0);
  expect(found.aloneTokensPerSecond).toBeGreaterThan(0);
  expect(found.othersBesideMs).toBeLessThan(10 * found.othersAloneMs);
}, 300_000);
