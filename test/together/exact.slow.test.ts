// Device and edge with toy models over real sockets: for all drafts, sampling settings and failures, the text is the target's own.

import { describe, expect, it } from 'vitest';
import { neutralSampling, type Sampling } from '../../src/core/decoding/sampling.ts';
import { idealLink } from '../../src/core/protocol/wire/link-model-settings.ts';
import { modeNames } from '../../src/core/protocol/wire/mode.ts';
import { ModelDrafter } from '../../src/models/port/drafter.ts';
import { createNgramModel } from '../../src/models/port/ngram.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createEmulatedLink } from '../../src/network/transport/emulated-link.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { startToyEdge, toyDrafter, toyReference, toySeed, toyTurn } from './toy-edge.ts';

const samplings: readonly Sampling[] = [
  neutralSampling,
  { ...neutralSampling, temperature: 0.8, seed: 7n },
  { ...neutralSampling, temperature: 1.2, topP: 0.9, frequencyPenalty: 0.5, repetitionPenalty: 1.2, seed: 1n << 63n },
];

describe('the text of a turn', () => {
  it("is the target's own for every sampling setting, mode and draft", async () => {
    await using edge = await startToyEdge();
    for (const sampling of samplings) {
      const reference = await toyReference(sampling, 60);
      const ngram = new ModelDrafter(createNgramModel({ tokenizer: edge.target.tokenizer }));
      for (const drafter of [null, toyDrafter(1), toyDrafter(0.7), toyDrafter(0), ngram]) {
        const report = await startTurn(toyTurn(edge, { sampling, drafter })).report;
        expect(report.tokens).toEqual(reference);
        expect(report.outcome).toMatchObject({ kind: 'ended', reason: 'length' });
      }
    }
  });

  it("is the target's own in every mode, for any draft length, with edge drafts and lookup", async () => {
    const draft = { model: createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8 }), draftLength: 3 };
    await using edge = await startToyEdge({ draft, lookUpTokens: 2 });
    const sampling = samplings[1] as Sampling;
    const reference = await toyReference(sampling, 60);
    for (const mode of modeNames) {
      for (const draftLength of [1, 4, 16]) {
        const report = await startTurn(toyTurn(edge, { sampling, mode, draftLength })).report;
        expect(report.outcome, mode).toMatchObject({ kind: 'ended', reason: 'length' });
        expect(report.tokens, mode).toEqual(reference);
        if (report.outcome.kind !== 'ended') continue;
        const { steps, acceptedRows, edgeDraftRows } = report.outcome.account;
        if (mode === 'edge-sd') expect(edgeDraftRows).toBeGreaterThan(30);
        if (mode === 'sd' && draftLength === 4) expect(steps).toBeLessThan(35);
        if (mode === 'psd' && draftLength === 4) expect(acceptedRows).toBeGreaterThan(10);
      }
    }
  });

  it("needs fewer steps with a good draft, and marks accepted drafts apart from the target's own tokens", async () => {
    await using edge = await startToyEdge();
    const report = await startTurn(toyTurn(edge, { drafter: toyDrafter(0.95), maxAnswerTokens: 200 })).report;
    expect(report.acceptedTokens).toBeGreaterThan(60);
    const steps = report.outcome.kind === 'ended' ? report.outcome.account.steps : 200;
    expect(steps + report.acceptedTokens).toBeGreaterThanOrEqual(200);
    expect(steps).toBeLessThan(140);
    expect(report.acceptance).toBeGreaterThan(0.85);
    expect(report.payloadBytesPerToken).toBeLessThan(10);
  });

  it("is the target's own for many devices at once", async () => {
    await using edge = await startToyEdge();
    const prompts = Array.from({ length: 8 }, (_, index) => [50 + index, 60 + index, 70 + index]);
    const reports = await Promise.all(prompts.map((prompt) => startTurn(toyTurn(edge, { prompt })).report));
    for (const [index, report] of reports.entries()) {
      expect(report.tokens).toEqual(await toyReference(neutralSampling, 60, prompts[index]));
    }
    expect(edge.edge.status.steps).toBeLessThan(8 * 60);
  });

  it('arrives in pieces, which together are the text', async () => {
    await using edge = await startToyEdge();
    const turn = startTurn(toyTurn(edge));
    const pieces: string[] = [];
    let emissions = 0;
    for await (const emission of turn) {
      emissions += 1;
      pieces.push(...emission.pieces.map(({ text }) => text));
    }
    expect(emissions).toBeGreaterThan(10);
    expect(pieces.join('')).toBe((await turn.report).text);
  });

  it('ends before a stop string, which may span tokens', async () => {
    await using edge = await startToyEdge();
    const whole = await startTurn(toyTurn(edge)).report;
    const stop = whole.text.slice(40, 46);
    const report = await startTurn(toyTurn(edge, { stopStrings: [stop] })).report;
    expect(report.outcome).toMatchObject({ kind: 'ended', reason: 'stop-string' });
    expect(report.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
  });
});

describe('a turn through failures', () => {
  it('resumes after each lost connection', async () => {
    await using edge = await startToyEdge();
    const sampling = samplings[1] as Sampling;
    const link = createEmulatedLink(connectWebSocket(edge.url), { ...idealLink, roundTripMs: 8, jitterMs: 2 });
    const turn = startTurn(toyTurn(edge, { sampling, connect: link.connect, maxAnswerTokens: 150 }));
    let [cuts, emissions] = [0, 0];
    for await (const emission of turn) {
      if (emission.tokens.length > 0) emissions += 1;
      if (emissions === 7 * (cuts + 1) && cuts < 6) {
        cuts += 1;
        link.cut();
      }
    }
    const report = await turn.report;
    expect(report.tokens).toEqual(await toyReference(sampling, 150));
    // A cut during an attempt to connect does not count as another connection.
    expect(cuts).toBeGreaterThan(2);
    expect(report.connections).toBeGreaterThan(2);
    expect(report.connections).toBeLessThanOrEqual(cuts + 1);
  });

  it('continues its text on an edge that was restarted', async () => {
    const first = await startToyEdge();
    const sampling = samplings[2] as Sampling;
    const turn = startTurn(toyTurn(first, { sampling, maxAnswerTokens: 120 }));
    let count = 0;
    let second: Awaited<ReturnType<typeof startToyEdge>> | undefined;
    for await (const { tokens } of turn) {
      count += tokens.length;
      if (count > 30 && second === undefined) {
        await first[Symbol.asyncDispose]();
        second = await startToyEdge({ port: first.port });
      }
    }
    const report = await turn.report;
    await second?.[Symbol.asyncDispose]();
    expect(report.tokens).toEqual(await toyReference(sampling, 120));
    expect(report.connections).toBeGreaterThan(1);
  });

  it('keeps the text when it is stopped, and the edge forgets the session', async () => {
    await using edge = await startToyEdge();
    const controller = new AbortController();
    const turn = startTurn(toyTurn(edge, { signal: controller.signal, maxAnswerTokens: 500 }));
    let count = 0;
    for await (const { tokens } of turn) {
      count += tokens.length;
      if (count > 20) controller.abort();
    }
    const report = await turn.report;
    expect(report.outcome.kind).toBe('stopped');
    expect(report.tokens).toEqual((await toyReference(neutralSampling, 500)).slice(0, report.tokens.length));
    await expect.poll(() => edge.edge.status.sessions).toBe(0);
  });
});
