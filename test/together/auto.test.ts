// Mode auto over real sockets: it begins with stream, measures, switches drafting off when it saves no time; the text stays the target's.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { AutoMode } from '../../src/processes/device/auto-mode.ts';
import { createDevice } from '../../src/processes/device/device.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { startToyEdge, toyDrafter, toyReference, toySeed, toyTurn } from './toy-edge.ts';

// Announced step times, not measured ones, so that a busy machine does not change the decision.
const told = { stepTime: linearStepTime(400, 1), learnsStepTime: false };
const reference = await toyReference(neutralSampling, 200);

describe('mode auto', () => {
  it('continues drafting while it saves time', async () => {
    await using edge = await startToyEdge(told);
    const auto = new AutoMode();
    const first = await startTurn(toyTurn(edge, { auto, drafter: toyDrafter(0.95), maxAnswerTokens: 200 })).report;
    expect(first).toMatchObject({
      mode: 'stream',
      modeReason: 'nothing was measured before this answer',
      draftingPauses: 0,
    });
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
    expect(second.modeChanges[0]?.reason).toMatch(/^drafts of this device save about [0-2] %/);
    expect(second.draftedTokens).toBeLessThan(first.draftedTokens);
    expect(second.tokens).toEqual(reference);
  });

  it('lets an edge draft that can, names the modes, and needs no other mode for an edge that can not', async () => {
    const model = createToyModel({ seed: toySeed, role: 'draft', agreement: 0.9, sequences: 4 });
    await using drafting = await startToyEdge({ ...told, draft: { model, draftLength: 2 } });
    await using plain = await startToyEdge(told);
    const auto = new AutoMode();
    for (const edge of [drafting, plain]) {
      const turn = toyTurn(edge, { auto, drafter: toyDrafter(0.9), maxAnswerTokens: 200 });
      const { tokens, outcome, mode, modeChanges } = await startTurn(turn).report;
      expect(tokens).toEqual(reference);
      const edgeDraftRows = outcome.kind === 'ended' ? outcome.account.edgeDraftRows : -1;
      if (edge === plain) expect([edgeDraftRows, mode]).toEqual([0, 'stream']);
      else {
        expect(edgeDraftRows).toBeGreaterThan(0);
        expect(['mix', 'edge-sd']).toContain(mode);
        expect(modeChanges[0]).toMatchObject({
          fromToken: 0,
          mode: 'mix',
          reason: 'nothing was measured before this answer',
        });
      }
    }
  });

  it('is what a device asks in where nothing else is said', async () => {
    await using edge = await startToyEdge(told);
    const { tokenizer } = edge.target;
    const device = createDevice({ edge: edge.url, tokenizer, drafter: toyDrafter(0.95) });
    const asked = await device.ask('Why?', { maxAnswerTokens: 60 }).report;
    expect(asked.modeChanges.at(-1)).toMatchObject({ mode: asked.mode, reason: asked.modeReason });
    expect((await device.ask('Why?', { maxAnswerTokens: 8, mode: 'stream' }).report).modeChanges).toEqual([]);
  });
});
