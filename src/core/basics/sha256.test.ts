import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createRandom } from './philox.ts';
import { Sha256 } from './sha256.ts';

const random = createRandom(32);
const bytes = Uint8Array.from({ length: 5000 }, () => Math.floor(random.uniform() * 256));
const expected = (part: Uint8Array): string => createHash('sha256').update(part).digest('hex');

it('gives the digest of the platform, at every length around a block', () => {
  for (let length = 0; length < 260; length++) {
    const part = bytes.subarray(0, length);
    expect(new Sha256().update(part).hex(), `${length} bytes`).toBe(expected(part));
  }
});

it('gives the same for parts of any length', () => {
  for (let round = 0; round < 50; round++) {
    const digest = new Sha256();
    for (let at = 0; at < bytes.length; ) {
      const next = Math.min(bytes.length, at + Math.floor(random.uniform() * 200));
      digest.update(bytes.subarray(at, next));
      at = next;
    }
    expect(digest.hex()).toBe(expected(bytes));
  }
});
