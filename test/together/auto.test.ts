// Mode auto over real sockets: it begins with stream, learns, switches drafting off where it does not pay, and the text stays the target's.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/decoding/sampling.ts';
import { AutoMode } from '../../src/device/auto-mode.ts';
import { startTurn } from '../../src/device/turn.ts';
import { linearStepTime } from '../../src/scheduling/step-time.ts';
import { startToyEdge, toyDrafter, toyReference, toyTurn } from './toy-edge.ts';

// What the edge says of its steps, not what they take: what a busy machine does to network and drafts must not decide here.
const told = { stepTime: linearStepTime(400, 1), learnsStepTime: false };
const reference = await toyReference(neutralSampling, 200);

describe('mode auto', () => {
  it('keeps drafting where it pays', async () => {
    await using edge = await startToyEdge(told);
    const auto = new AutoMode();
    const first = await startTurn(toyTurn(edge, { auto, drafter: toyDrafter(0.95), maxAnswerTokens: 200 })).report;
    expect(first).toMatchObject({ mode: 'stream', modeReason: 'nothing is measured yet', draftingPauses: 0 });
    expect(first.tokens).toEqual(reference);
    const second = await startTurn(toyTurn(edge, { auto, drafter: toyDrafter(0.95) })).report;
    expect(second.mode).toBe('stream');
    expect(second.modeReason).toMatch(/with this device's drafts about/);
  });

  it('switches drafts off that never hold, and does not begin with them the next time', async () => {
    await using edge = await startToyEdge(told);
    const auto = new AutoMode();
    const wrong = { auto, drafter: toyDrafter(0), maxAnswerTokens: 200 };
    const first = await startTurn(toyTurn(edge, wrong)).report;
    expect(first.draftingPauses).toBeGreaterThan(0);
    expect(first.tokens).toEqual(reference);
    const second = await startTurn(toyTurn(edge, wrong)).report;
    expect(second.modeReason).toMatch(/would not make it quicker/);
    expect(second.draftedTokens).toBeLessThan(first.draftedTokens);
    expect(second.tokens).toEqual(reference);
  });
});
