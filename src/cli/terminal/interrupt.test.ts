import { afterEach, describe, expect, it } from 'vitest';
import { withInterrupt } from './interrupt.ts';

const before = process.listenerCount('SIGTERM');
const seen: number[] = [];
/** As a library does that ends the process where nothing else listens. */
const library = (): void => void seen.push(process.listenerCount('SIGTERM') - before);

afterEach(() => process.off('SIGTERM', library));

describe('a signal', () => {
  it('aborts the work while it still has a listener, and the next one finds none', async () => {
    await withInterrupt(async (signal) => {
      process.on('SIGTERM', library);
      process.emit('SIGTERM');
      expect(signal.aborted).toBe(true);
      await new Promise(setImmediate);
      process.emit('SIGTERM');
    });
    expect(seen).toEqual([2, 1]);
  });
});
