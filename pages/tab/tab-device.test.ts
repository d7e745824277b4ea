// A tab's device with a real edge: by look-up, with an engine, with one that fails, and what it says where it can't begin.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTabFiles } from '../../src/cli/edge/tab-files.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { connectWebSocket } from '../../src/network/transport/websocket-client.ts';
import { appOf, twoRounds } from '../../src/processes/http/app.fixture.ts';
import type { HttpAppSettings } from '../../src/processes/http/app.ts';
import type { TabFiles } from '../../src/processes/http/tab-weights.ts';
import { startToyEdge, type ToyEdge, toyReference, toySeed } from '../../test/together/toy-edge.ts';
import type { EngineModel } from './engine-model.ts';
import { type EngineWorker, TabDevice, type TabPorts } from './tab-device.ts';
import type { FromDevice, FromEngine, TabAskOptions, TabReport } from './tab-messages.ts';

const question = 'Why is the sky blue?';
const messages = [{ role: 'user', content: question }] as const;
const weights = { sha256: 'ab', byteLength: 7, read: async () => new Uint8Array(7) };
let edge: ToyEdge;
let files: TabFiles;
let expected: string;

beforeAll(async () => {
  edge = await startToyEdge();
  const opened = await openTabFiles({ model: `toy:${toySeed}` }, edge.target);
  files = opened.files as TabFiles;
  const { tokenizer } = edge.target;
  const ids = await toyReference(neutralSampling, 60, tokenizer.encodeChat(messages));
  expected = Buffer.concat(ids.map((id) => tokenizer.bytes(id))).toString();
});
afterAll(() => edge[Symbol.asyncDispose]());

type Start = (onMessage: (message: FromEngine) => void) => EngineWorker;

/** A device whose weights come from an app of this process, and whose text from the edge. */
async function openDevice(startEngine: Start | null, tabFiles = files, more: Partial<HttpAppSettings> = {}) {
  const posted: FromDevice[] = [];
  const { app } = appOf(twoRounds, { tabFiles, ...more });
  const ports: TabPorts = {
    fetch: async (url, init) => app.request(url.replace('http://edge', ''), init),
    connect: () => connectWebSocket(edge.url),
    startEngine,
    post: (message) => posted.push(message),
  };
  const device = await TabDevice.open('http://edge', undefined, ports);
  const ask = async (options: TabAskOptions = {}): Promise<TabReport & { readonly streamed: string }> => {
    const from = posted.length;
    await device.ask(1, messages, { maxAnswerTokens: 60, ...options });
    const own = posted.slice(from);
    const streamed = own.flatMap((one) => (one.kind === 'pieces' ? one.pieces.map(({ text }) => text) : [])).join('');
    const end = own.find(({ kind }) => kind === 'ended' || kind === 'failed');
    if (end?.kind !== 'ended') throw new Error(JSON.stringify(end));
    return { ...end.report, streamed };
  };
  return { device, posted, ask };
}

/** An engine with the toy's draft, which may fail. */
function toyEngine(failsAt = Number.POSITIVE_INFINITY): Start {
  return (onMessage) => {
    const model = createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8, sequences: 2 });
    const sequences = [model.openSequence(), model.openSequence()];
    let count = 0;
    return {
      load() {
        onMessage({ kind: 'progress', loadedBytes: 3 });
        const { contextLength, maxItemTokens, maxSequences } = model.limits;
        onMessage({ kind: 'loaded', isKept: false, limits: { contextLength, maxItemTokens, maxSequences } });
      },
      async send(order) {
        const sequenceOf = (number: number) => sequences[number] as ReturnType<EngineModel['openSequence']>;
        if (order.kind === 'copy') {
          await sequenceOf(order.to).copyFrom?.(sequenceOf(order.from), order.length);
          return;
        }
        count += 1;
        if (count >= failsAt) {
          onMessage({ kind: 'fault', id: order.id, message: 'it has no numbers' });
          return;
        }
        const items = order.items.map(({ sequence, tokens, rows }) => ({
          sequence: sequenceOf(sequence),
          tokens,
          rows,
        }));
        for (const { sequence, from } of order.items) await sequenceOf(sequence).truncate(from);
        onMessage({ kind: 'rows', id: order.id, rows: await model.evaluate(items) });
      },
      close() {},
    };
  };
}

describe('the device of a tab', () => {
  it('drafts by look-up where the edge has no draft for tabs', async () => {
    const { device, ask } = await openDevice(toyEngine());
    expect(device.state).toMatchObject({ lookUp: 'no-draft', draft: null, model: 'm' });
    const report = await ask();
    expect(report).toMatchObject({
      outcome: 'ended',
      reason: 'length',
      text: expected,
      streamed: expected,
      tokens: 60,
    });
  });

  it('drafts with the engine when that has the weights', async () => {
    const { device, posted, ask } = await openDevice(toyEngine(), { ...files, weights });
    const states = posted.flatMap((one) => (one.kind === 'state' ? [one.state] : []));
    expect(states.map(({ lookUp, loadedBytes }) => [lookUp, loadedBytes])).toEqual([
      ['loading', 0],
      ['loading', 3],
      [null, 7],
    ]);
    expect(device.state.isKept).toBe(false);
    const report = await ask({ mode: 'stream' });
    expect([report.text, report.streamed]).toEqual([expected, expected]);
    expect(report.acceptedTokens).toBeGreaterThan(10);
    const alone = await ask({ mode: 'ar' });
    expect([alone.text, alone.acceptedTokens]).toEqual([expected, 0]);
  });

  it('delays both ways of decoding alike where a round trip is emulated', async () => {
    const { ask } = await openDevice(toyEngine(), { ...files, weights });
    for (const mode of ['stream', 'ar'] as const) {
      const { text, roundTripMs = 0 } = await ask({ mode, emulatedRoundTripMs: 40 });
      expect(text).toBe(expected);
      expect(roundTripMs).toBeGreaterThan(35);
    }
  });

  it('goes on by look-up where the engine fails in the middle of an answer', async () => {
    const { device, ask } = await openDevice(toyEngine(5), { ...files, weights });
    expect((await ask({ mode: 'stream' })).text).toBe(expected);
    expect(device.state.lookUp).toBe('engine-failed');
    expect((await ask({ mode: 'stream' })).text).toBe(expected);
  });

  it.each(['cut', 'wrong-bytes', 'refused', 'no-memory'] as const)('goes on by look-up: %s', async (reason) => {
    let closed = 0;
    const { device, ask } = await openDevice(
      (onMessage) => ({
        load: () => onMessage({ kind: 'not-loaded', reason }),
        send() {},
        close() {
          closed += 1;
        },
      }),
      { ...files, weights },
    );
    expect(device.state.lookUp).toBe(reason);
    expect(closed).toBe(1);
    expect((await ask()).text).toBe(expected);
    device.close();
  });

  it('goes on by look-up in a browser that can’t run the engine', async () => {
    const { device, ask } = await openDevice(null, { ...files, weights });
    expect(device.state.lookUp).toBe('no-simd');
    expect((await ask()).text).toBe(expected);
  });

  it('says why it can’t begin', async () => {
    const locked = { mayUse: () => false };
    await expect(openDevice(null, files, locked)).rejects.toMatchObject({ code: 'unauthorized' });
    const none: Partial<HttpAppSettings> = { tabFiles: undefined };
    await expect(openDevice(null, files, none)).rejects.toMatchObject({ code: 'model-not-found' });
    const wrong = { ...files, header: { ...files.header, read: async () => new Uint8Array(files.header.byteLength) } };
    await expect(openDevice(null, wrong)).rejects.toMatchObject({ code: 'model-hash-mismatch' });
    const other = { ...files, tokenizerHash: 'cd' };
    await expect(openDevice(null, other)).rejects.toMatchObject({ code: 'tokenizer-mismatch' });
  });

  it('stops', async () => {
    const { device, posted } = await openDevice(null);
    const answered = device.ask(1, messages, { maxAnswerTokens: 900, mode: 'ar' });
    await expect.poll(() => posted.some(({ kind }) => kind === 'pieces')).toBe(true);
    device.stop(1);
    await answered;
    expect(posted.at(-1)).toMatchObject({ kind: 'ended', report: { outcome: 'stopped', reason: null } });
  });
});
