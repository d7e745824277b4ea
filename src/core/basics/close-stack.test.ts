import { describe, expect, it } from 'vitest';
import { CloseStack } from './close-stack.ts';

function open(name: string, closed: string[], failure?: Error): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      closed.push(name);
      if (failure !== undefined) throw failure;
    },
  };
}

describe('a stack of things to close', () => {
  it('closes the newest first, and each one once', async () => {
    const closed: string[] = [];
    const stack = new CloseStack();
    for (const name of ['a', 'b', 'c']) stack.use(open(name, closed));
    await stack[Symbol.asyncDispose]();
    await stack[Symbol.asyncDispose]();
    expect(closed).toEqual(['c', 'b', 'a']);
  });

  it('moves everything to another stack', async () => {
    const closed: string[] = [];
    const stack = new CloseStack();
    stack.use(open('a', closed));
    const kept = stack.move();
    await stack[Symbol.asyncDispose]();
    expect(closed).toEqual([]);
    await kept[Symbol.asyncDispose]();
    expect(closed).toEqual(['a']);
  });

  it('closes the others where one fails, and throws the failure', async () => {
    const closed: string[] = [];
    const stack = new CloseStack();
    stack.use(open('a', closed));
    stack.use(open('b', closed, new Error('b is stuck')));
    await expect(stack[Symbol.asyncDispose]()).rejects.toThrow('b is stuck');
    expect(closed).toEqual(['b', 'a']);
  });
});
