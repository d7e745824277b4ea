// What a device is made of, by the names of its parts; with models that need no file.

import { describe, expect, it } from 'vitest';
import { ownCertificate } from '../../test/together/own-certificate.ts';
import { startToyEdge, toyReference, toySeed } from '../../test/together/toy-edge.ts';
import { neutralSampling } from '../core/decoding/sampling.ts';
import { AdaptiveDrafter } from '../models/port/adaptive-drafter.ts';
import { type Drafter, ModelDrafter } from '../models/port/drafter.ts';
import { createToyTokenizer } from '../models/port/toy-tokenizer.ts';
import { probeEdge } from '../processes/device/probe-edge.ts';
import { type DeviceOptions, openDevice } from './open-device.ts';

const nowhere = 'ws://127.0.0.1:1';
const toy = createToyTokenizer(49_152);
const silent: Drafter = { draft: async () => null, async [Symbol.asyncDispose]() {} };

describe('the edges of a device', () => {
  const { fingerprint, ...certificate } = ownCertificate();
  const other = `${fingerprint.startsWith('0') ? '1' : '0'}${fingerprint.slice(1)}`;

  /** Whether each edge of the device is trusted. */
  async function trusted(options: Omit<DeviceOptions, 'draft' | 'target'>): Promise<unknown[]> {
    await using device = await openDevice({ ...options, draft: 'none', target: 'toy:1' });
    const probes = [...device.edges.edges.values()].map(({ connect }) =>
      probeEdge(connect).then(
        () => true,
        ({ code }) => code,
      ),
    );
    return Promise.all(probes);
  }

  it('are pinned: the only one by either name of its pin, its own first', async () => {
    await using edge = await startToyEdge({ tls: certificate });
    const { url } = edge;
    const refused = 'certificate-untrusted';
    expect(await trusted({ edge: url })).toEqual([refused]);
    expect(await trusted({ edge: url, edgeFingerprint: fingerprint })).toEqual([true]);
    expect(await trusted({ edge: url, edgeFingerprint: other })).toEqual([refused]);
    expect(await trusted({ edge: [url], edgeFingerprint: fingerprint })).toEqual([true]);
    expect(await trusted({ edge: { edge: url }, edgeFingerprint: fingerprint })).toEqual([true]);
    expect(await trusted({ edge: { edge: url, fingerprint }, edgeFingerprint: other })).toEqual([true]);
    const edges = [{ edge: url, fingerprint, name: 'a' }, url, { edge: url, fingerprint: other, name: 'b' }];
    expect(await trusted({ edge: edges })).toEqual([true, refused, refused]);
  });

  it('are refused where one pin is given for several', async () => {
    const opened = openDevice({ edge: [nowhere, 'ws://127.0.0.1:2'], edgeFingerprint: fingerprint });
    const message = 'openDevice: edgeFingerprint is given for several edges';
    await expect(opened).rejects.toMatchObject({ code: 'bad-argument', message });
  });
});

describe('the draft of a device', () => {
  it.each<[string, Pick<DeviceOptions, 'draft' | 'lookUp'>, unknown, string]>([
    ['a model', { draft: 'toy:3:0.5' }, AdaptiveDrafter, 'toy draft that agrees at 0.5, seed 3'],
    ['a model', { draft: 'toy:3', lookUp: true }, AdaptiveDrafter, 'toy draft that agrees at 0.8, seed 3'],
    ['a model without look-up', { draft: 'toy:3', lookUp: false }, ModelDrafter, 'toy draft that agrees at 0.8'],
    ['look-up alone', { draft: 'ngram' }, ModelDrafter, 'n-gram'],
  ])('may be %s: %o', async (_, options, kind, description) => {
    await using device = await openDevice({ edge: nowhere, target: 'toy:1', ...options });
    expect(device.drafter).toBeInstanceOf(kind);
    expect(device.draftDescription).toContain(description);
    expect(device.tokenizer.hash).toBe(toy.hash);
  });

  it('may be none, or a source of the application, which stays open', async () => {
    await using without = await openDevice({ edge: nowhere, draft: 'none', target: 'toy:1' });
    expect([without.drafter, without.draftDescription]).toEqual([null, 'nothing drafts']);
    await using device = await openDevice({ edge: nowhere, draft: silent, target: 'toy:1' });
    expect([device.drafter, device.draftDescription]).toEqual([silent, 'a source of the application']);
  });

  it('has the sequences and the context that are asked for', async () => {
    await using edge = await startToyEdge();
    const asked = { draft: `toy:${toySeed}:1`, contextLength: 40, hedges: 0, lookUp: false };
    await using device = await openDevice({ edge: edge.url, ...asked });
    const question = [{ role: 'user', content: 'hello' } as const];
    const { tokens, sentDrafts } = await device.ask(question, { mode: 'stream', maxAnswerTokens: 40 }).report;
    const prompt = device.tokenizer.encodeChat(question);
    expect(tokens).toEqual(await toyReference(neutralSampling, 40, prompt));
    // Beyond its context it drafts nothing.
    expect(sentDrafts).toBeGreaterThan(0);
    expect(sentDrafts).toBeLessThanOrEqual(40 + 1 - prompt.length);
  });
});

describe('the tokenizer of a device without a draft model', () => {
  it('is that of its target: a name, or a tokenizer', async () => {
    const own = createToyTokenizer(1024);
    await using given = await openDevice({ edge: nowhere, draft: 'none', target: own });
    expect(given.tokenizer).toBe(own);
    await using looked = await openDevice({ edge: nowhere, draft: 'ngram', target: own });
    expect(looked.tokenizer.hash).toBe(own.hash);
    await using named = await openDevice({ edge: nowhere, draft: silent, target: 'toy:7' });
    expect(named.tokenizer.hash).toBe(toy.hash);
  });

  it.each([
    [{ draft: {} }, 'draft is an object'],
    [{ draft: null }, 'draft is null'],
    [{ target: {} }, 'target is an object'],
    [{ target: 7 }, 'target is 7'],
    [{ lookUp: 'no' }, 'lookUp is "no"'],
    [{ hedges: -1 }, 'hedges is -1'],
    [{ contextLength: 0 }, 'contextLength is 0'],
  ])('and all else is checked before anything is opened: %o', async (options, message) => {
    const refused = { code: 'bad-argument', message: expect.stringContaining(message) };
    await expect(openDevice({ edge: nowhere, ...options } as DeviceOptions)).rejects.toMatchObject(refused);
  });
});
