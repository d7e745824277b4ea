// An error in the verification of one session does not affect other sessions.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createInMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { startEdge } from '../../src/processes/edge/edge.ts';
import { toyPrompt, toyReference, toySeed } from './toy-edge.ts';

describe('an edge whose verification fails for one session', () => {
  it('ends that session, tells the operator, and continues the others of the same steps', async () => {
    const toy = createToyModel({ seed: toySeed, role: 'target' });
    const bytes = (): Uint8Array => {
      throw new RangeError('no bytes today');
    };
    // Only a session with a stop string reads the bytes of tokens.
    const model = { ...toy, tokenizer: { ...toy.tokenizer, bytes } };
    const faults: unknown[] = [];
    await using edge = await startEdge({
      model,
      stepTime: linearStepTime(1, 0.01),
      onFault: (error) => faults.push(error),
    });
    const { connect } = createInMemoryNetwork(edge.accept);
    const asked = { connect, tokenizer: toy.tokenizer, drafter: null, prompt: toyPrompt, maxAnswerTokens: 40 };
    const honest = [startTurn(asked), startTurn(asked)];
    const broken = startTurn({ ...asked, stopStrings: ['never'] });
    expect((await broken.report).outcome).toMatchObject({ kind: 'failed', code: 'internal' });
    const reference = await toyReference(neutralSampling, 40);
    for (const turn of honest) expect((await turn.report).tokens).toEqual(reference);
    expect(faults).toHaveLength(1);
    expect(edge.status.failures).toBe(1);
  });
});
