import { afterEach, describe, expect, it, vi } from 'vitest';
import { callNextTurn } from './next-turn.ts';

const nextTimer = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe.each(['with setImmediate', 'without, as in a browser'])('the next turn, %s', (platform) => {
  afterEach(() => vi.unstubAllGlobals());

  it('runs callbacks after the present turn, in order, unless they are cancelled', async () => {
    if (platform !== 'with setImmediate') vi.stubGlobal('setImmediate', undefined);
    const seen: number[] = [];
    for (const index of [1, 2, 3]) callNextTurn(() => seen.push(index));
    callNextTurn(() => seen.push(4))();
    expect(seen).toEqual([]);
    await nextTimer();
    expect(seen).toEqual([1, 2, 3]);
  });
});
