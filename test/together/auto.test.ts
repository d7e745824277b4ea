// Mode auto over real sockets: it begins with stream, measures, switches drafting off when it saves no time; the text stays the target's.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/decoding/sampling.ts';
import { AutoMode } from '../../src/device/auto-mode.ts';
import { startTurn } from '../../src/device/turn.ts';
import { linearStepTime } from '../../src/scheduling/step-time.ts';
import { startToyEdge, toyDrafter, toyReference, toyTurn } from './toy-edge.ts';

// Announced step times, not measured ones, so that a busy machine does not change the decision.
const told = { stepTime: linearStepTime(400, 1), learnsStepTime: false };
const reference = await toyReference(neutralSampling, 200);

describe('mode auto', () => {
  it('continues drafting while it saves time', async () => {
    await using edge = await startToyEdge(told);
    const auto = new AutoMode();
    const first = await startTurn(toyTurn(edge, { auto, drafter: toyDrafter(0.95), maxAnswerTokens: 200 })).report;
    expect(first).toMatchObject({ mode: 'stream', modeReason: 'nothing is measured yet', draftingPauses: 0 });
    expect(first.modeChanges).toHaveLength(1);
    expect(first.tokens).toEqual(reference);
    const second = await startTurn(toyTurn(edge, { auto, drafter: toyDrafter(0.95) })).report;
    expect(second.mode).toBe('stream');
    expect(second.modeReason).toMatch(/^drafts of this device save about \d\d %/);
  });

  it('switches drafting off if no draft is accepted, and begins the next turn without drafts', async () => {
    await using edge = await startToyEdge(told);
    const auto = new AutoMode();
    const wrong = { auto, drafter: toyDrafter(0), maxAnswerTokens: 200 };
    const first = await startTurn(toyTurn(edge, wrong)).report;
    expect(first.draftingPauses).toBeGreaterThan(0);
    expect(first.tokens).toEqual(reference);
    const second = await startTurn(toyTurn(edge, wrong)).report;
    expect(second.modeReason).toMatch(/^drafts of this device save about 0 %/);
    expect(second.draftedTokens).toBeLessThan(first.draftedTokens);
    expect(second.tokens).toEqual(reference);
  });
});
