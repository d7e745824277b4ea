// The refusals of an edge: one cause, one remedy, a stable code. Other sessions are not affected.

import { describe, expect, it } from 'vitest';
import { OutriderError } from '../../src/core/basics/errors.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { anyone } from '../../src/core/protocol/edge/edge-key.ts';
import { DeviceCodec } from '../../src/core/protocol/wire/codec.ts';
import {
  type DeviceMessage,
  type EdgeMessage,
  type OpenMessage,
  protocolVersion,
} from '../../src/core/protocol/wire/messages.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import type { CloseReason, Connection } from '../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { listenEdge } from '../../src/processes/edge/edge.ts';
import { startToyEdge, type ToyEdge, toyDrafter, toyPrompt, toyReference, toyTurn } from './toy-edge.ts';

interface RawDevice {
  readonly connection: Connection;
  readonly heard: EdgeMessage[];
  readonly closed: Promise<CloseReason>;
  say(message: DeviceMessage): void;
}

/** A device that sends any messages, without the state machine and its rules. */
async function connectRaw(edge: ToyEdge): Promise<RawDevice> {
  const codec = new DeviceCodec();
  const heard: EdgeMessage[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<CloseReason>();
  const connection = await connectWebSocket(edge.url)(() => ({
    frame: (bytes) => heard.push(codec.decode(bytes)),
    writable: () => {},
    closed: resolve,
  }));
  return { connection, heard, closed, say: (message) => connection.send(codec.encode(message)) };
}

function opening(edge: ToyEdge, session: string): OpenMessage {
  return {
    kind: 'open',
    version: protocolVersion,
    session: session.padStart(32, '0'),
    conversation: session.padStart(32, '0'),
    attempt: 1,
    credentials: '',
    padding: 0,
    tokenizerHash: edge.target.tokenizer.hash,
    mode: 'stream',
    sampling: neutralSampling,
    stopStrings: [],
    maxAnswerTokens: 800,
    flowControlWindow: 64,
    maxAhead: 24,
    prompt: toyPrompt,
    answer: [],
  };
}

/** Checks that an honest turn beside the attack stays exact. */
async function besideHonest(edge: ToyEdge, attack: () => Promise<void>): Promise<void> {
  const honest = startTurn(toyTurn(edge, { maxAnswerTokens: 100 }));
  await attack();
  expect((await honest.report).tokens).toEqual(await toyReference(neutralSampling, 100));
}

describe('an edge refuses', () => {
  it('another tokenizer', async () => {
    await using edge = await startToyEdge();
    const tokenizer = createToyModel({ seed: 1, role: 'draft', vocabularySize: 5000 }).tokenizer;
    const report = await startTurn(toyTurn(edge, { tokenizer, drafter: null })).report;
    expect(report.outcome).toMatchObject({ kind: 'failed', code: 'tokenizer-mismatch' });
  });

  it('a prompt that is longer than the context, and ends a text that fills it', async () => {
    await using edge = await startToyEdge({ contextLength: 128 });
    const prompt = Array.from({ length: 128 }, (_, index) => 100 + index);
    const refused = await startTurn(toyTurn(edge, { prompt })).report;
    expect(refused.outcome).toMatchObject({ kind: 'failed', code: 'context-full' });
    const full = await startTurn(toyTurn(edge, { maxAnswerTokens: 500 })).report;
    expect(full.outcome).toMatchObject({ kind: 'ended', reason: 'context-full' });
    expect(full.tokens).toEqual(await toyReference(neutralSampling, 128 - toyPrompt.length));
  });

  it('a wrong key, and a session for which it has no place', async () => {
    const keyOf = (key: string) => (key === 'right' ? anyone : null);
    await using edge = await startToyEdge({ sequences: 1, keyOf, places: { maxWaiting: 0 } });
    const wrong = await startTurn(toyTurn(edge, { credentials: 'wrong' })).report;
    expect(wrong.outcome).toMatchObject({ kind: 'failed', code: 'unauthorized' });
    const first = startTurn(toyTurn(edge, { credentials: 'right', maxAnswerTokens: 200 }));
    await first[Symbol.asyncIterator]().next();
    const second = await startTurn(toyTurn(edge, { credentials: 'right' })).report;
    expect(second.outcome).toMatchObject({ kind: 'failed', code: 'edge-full' });
    expect((await first.report).tokens).toHaveLength(200);
  });

  it('a key that the edge knows and does not take, in its words', async () => {
    const keyOf = () => {
      throw new OutriderError('unauthorized', 'the key "phone" was revoked', 'ask the operator for another key');
    };
    await using edge = await startToyEdge({ keyOf });
    const { outcome } = await startTurn(toyTurn(edge, { credentials: 'phone' })).report;
    expect(outcome).toMatchObject({ kind: 'failed', code: 'unauthorized', cause: 'the key "phone" was revoked' });
  });

  it('invalid parameters before anything is sent', async () => {
    await using edge = await startToyEdge();
    const sampling = { ...neutralSampling, temperature: Number.NaN };
    expect(() => startTurn(toyTurn(edge, { sampling }))).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });

  it('a port that is taken', async () => {
    await using edge = await startToyEdge();
    const listening = listenEdge(edge.edge, { host: '127.0.0.1', port: edge.port });
    await expect(listening).rejects.toMatchObject({ code: 'port-in-use' });
  });
});

describe('a device', () => {
  it('reports that no edge answers', async () => {
    const edge = await startToyEdge();
    await edge[Symbol.asyncDispose]();
    const turn = startTurn(toyTurn(edge));
    await expect(turn[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'edge-unreachable' });
    expect((await turn.report).outcome).toMatchObject({ kind: 'failed', code: 'edge-unreachable' });
  });

  it('gives up when a lost edge does not return, and keeps its text', async () => {
    const edge = await startToyEdge();
    const turn = startTurn(toyTurn(edge, { maxAnswerTokens: 500, giveUpAfterMs: 300 }));
    let count = 0;
    const reading = (async () => {
      for await (const { tokens } of turn) {
        count += tokens.length;
        if (count > 20) void edge[Symbol.asyncDispose]();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'edge-unreachable' });
    const report = await turn.report;
    expect(report.tokens.length).toBeGreaterThanOrEqual(count);
    expect(report.tokens).toEqual((await toyReference(neutralSampling, 500)).slice(0, report.tokens.length));
  });
});

describe('a hostile device only harms itself', () => {
  it('with drafts after a gap, too far ahead or outside the vocabulary', async () => {
    await using edge = await startToyEdge();
    const attacks: DeviceMessage[] = [
      { kind: 'draft', branch: 1, first: 400, tokens: [1] },
      { kind: 'draft', branch: 1, first: 5, tokens: Array.from({ length: 200 }, () => 9) },
      { kind: 'draft', branch: 1, first: 5, tokens: [4_000_000] },
      { kind: 'draft', branch: 1, first: 2, tokens: [1] },
      { kind: 'ack', length: 5000 },
    ];
    await besideHonest(edge, async () => {
      for (const [index, attack] of attacks.entries()) {
        const device = await connectRaw(edge);
        device.say(opening(edge, `a${index}`));
        device.say(attack);
        expect(await device.closed).toMatchObject({ by: 'peer', code: 'protocol-error' });
      }
    });
  });

  it('with bytes that are no frame, or a frame of another protocol version', async () => {
    await using edge = await startToyEdge();
    await besideHonest(edge, async () => {
      for (const bytes of [[], [0x7f], [0x01], [0x45, 0], [0x83, 1, 2], [0x03, 0xff, 0xff]]) {
        const device = await connectRaw(edge);
        device.connection.send(new Uint8Array(bytes));
        expect(await device.closed).toMatchObject({ by: 'peer', code: 'protocol-error' });
        expect(device.heard.at(-1)).toMatchObject({ kind: 'refused', code: 'protocol-error' });
      }
    });
  });

  it('with a flood of frames', async () => {
    await using edge = await startToyEdge();
    await besideHonest(edge, async () => {
      const device = await connectRaw(edge);
      for (let count = 0; count < 5000; count += 1) device.say({ kind: 'ping', stamp: count });
      expect(await device.closed).toMatchObject({ by: 'peer', code: 'rate-limited' });
    });
  });

  it('by never reading: the edge pauses it after one flow-control window', async () => {
    await using edge = await startToyEdge();
    await besideHonest(edge, async () => {
      const device = await connectRaw(edge);
      device.say(opening(edge, 'b'));
      const writtenTo = (): number => {
        const last = device.heard.findLast((message) => message.kind === 'commit');
        return last === undefined ? 0 : last.first + last.accepted + last.tokens.length;
      };
      await expect.poll(writtenTo).toBe(toyPrompt.length + 64);
      // It would have gone on by now.
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(writtenTo()).toBe(toyPrompt.length + 64);
      device.connection.close('done', '');
    });
  });

  it('with a second session on one connection: the edge does not keep the first one', async () => {
    await using edge = await startToyEdge({ keepLostMs: 50 });
    await besideHonest(edge, async () => {
      const device = await connectRaw(edge);
      device.say(opening(edge, 'e'));
      device.say(opening(edge, 'f'));
      expect(await device.closed).toMatchObject({ by: 'peer', code: 'protocol-error' });
    });
    await expect.poll(() => edge.edge.status.sessions).toBe(0);
  });

  it('by pings without a session', async () => {
    const liveness = { pingAfterMs: 100, lostAfterMs: 150 };
    await using edge = await startToyEdge({ liveness, connectionLimits: { attachMs: 500 } });
    await besideHonest(edge, async () => {
      const idle = await connectRaw(edge);
      const pings = setInterval(() => idle.say({ kind: 'ping', stamp: 1 }), 20);
      expect(await idle.closed).toMatchObject({ by: 'peer', code: 'silent' });
      clearInterval(pings);
    });
  });

  it('with an old attempt: the newer connection keeps the session', async () => {
    await using edge = await startToyEdge();
    const [newer, older] = [await connectRaw(edge), await connectRaw(edge)];
    newer.say({ ...opening(edge, 'c'), attempt: 5 });
    await expect.poll(() => newer.heard.some(({ kind }) => kind === 'commit')).toBe(true);
    older.say({ ...opening(edge, 'c'), attempt: 4 });
    expect(await older.closed).toMatchObject({ code: 'superseded' });
    expect(older.heard.at(-1)).toMatchObject({ kind: 'refused', code: 'superseded' });
    const before = newer.heard.length;
    newer.say({ kind: 'ack', length: toyPrompt.length + 1 });
    await expect.poll(() => newer.heard.length).toBeGreaterThan(before - 1);
    newer.connection.close('done', '');
  });

  it('with wrong drafts only: exact, and no slower than one step per token', async () => {
    await using edge = await startToyEdge();
    const report = await startTurn(toyTurn(edge, { drafter: toyDrafter(0) })).report;
    expect(report.tokens).toEqual(await toyReference(neutralSampling, 60));
    expect(report.outcome.kind === 'ended' && report.outcome.account.steps).toBeLessThanOrEqual(60);
  });
});

describe('an edge keeps', () => {
  it('the evaluated prompt for the next turn of the same conversation, and for no other', async () => {
    await using edge = await startToyEdge();
    const conversation = 'c0'.repeat(16);
    const prompt = Array.from({ length: 200 }, (_, index) => 100 + index);
    const first = await startTurn(toyTurn(edge, { prompt, conversation })).report;
    const prefilled = edge.edge.status.prefillTokens;
    expect(prefilled).toBe(199);
    const next = [...prompt, ...first.tokens, 42, 43];
    await startTurn(toyTurn(edge, { prompt: next, conversation })).report;
    expect(edge.edge.status.prefillTokens - prefilled).toBeLessThan(10);
    const before = edge.edge.status.prefillTokens;
    await startTurn(toyTurn(edge, { prompt: next, conversation: 'd1'.repeat(16) })).report;
    expect(edge.edge.status.prefillTokens - before).toBeGreaterThan(200);
  });

  it('a lost session for keepLostMs, then forgets it', async () => {
    await using edge = await startToyEdge({ keepLostMs: 100 });
    const device = await connectRaw(edge);
    device.say(opening(edge, 'd'));
    await expect.poll(() => edge.edge.status.sessions).toBe(1);
    device.connection.close('done', '');
    await expect.poll(() => edge.edge.status.connections).toBe(0);
    expect(edge.edge.status.sessions).toBe(1);
    await expect.poll(() => edge.edge.status.sessions).toBe(0);
  });
});
