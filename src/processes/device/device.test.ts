import { describe, expect, it } from 'vitest';
import type { Message } from '../../models/port/model.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { createDevice } from './device.ts';

describe('a device', () => {
  const { tokenizer } = createToyModel({ seed: 1, role: 'draft' });
  const device = createDevice({ tokenizer, drafter: null, edge: () => Promise.reject(new Error('no network')) });
  const conversation = (role: string) => [{ role, content: 'a' } as Message, { role: 'user', content: 'b' } as const];

  it.each(['system', 'user', 'assistant'])('asks about a conversation with a message of role %s', async (role) => {
    const turn = device.ask(conversation(role));
    turn.stop();
    expect((await turn.report).outcome.kind).toBe('stopped');
  });

  it('refuses a message of another role', () => {
    expect(() => device.ask(conversation('tool'))).toThrow('ask: question[0].role');
  });
});
