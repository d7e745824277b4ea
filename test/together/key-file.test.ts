// A file of keys, an edge that follows it, and devices in the middle of their answers.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyTerms } from '../../src/core/access/key-book.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { addKeyTo, revokeKeyIn, rotateKeyIn } from '../../src/files/key-files.ts';
import { KeyRing } from '../../src/files/key-ring.ts';
import { replaceFile } from '../../src/files/private-file.ts';
import { startTurn, type Turn } from '../../src/processes/device/turn.ts';
import type { Edge } from '../../src/processes/edge/edge.ts';
import { startToyEdge, type ToyEdge, toyReference, toyTurn } from './toy-edge.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-key-file-'));
  path = join(folder, 'keys.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const terms = (name: string): KeyTerms => ({
  ...{ name, scopes: ['verify'], expires: null, share: 1, maxSessions: null, maxWaiting: null },
});

const tokens = 200;
/** Of an answer that does not come to its end, however late the edge reads the file. */
const endless = 1000;
const asked = (edge: ToyEdge, credentials: string, maxAnswerTokens = tokens): Turn =>
  startTurn(toyTurn(edge, { credentials, mode: 'ar', drafter: null, maxAnswerTokens }));
const refused = { kind: 'failed', code: 'unauthorized' };

interface Followed extends AsyncDisposable {
  readonly edge: ToyEdge;
  readonly ring: KeyRing;
}

async function startFollowing(): Promise<Followed> {
  const edges: Edge[] = [];
  const onChange = (changed: KeyRing): void => {
    for (const edge of edges) edge.renewKeys((_id, key) => changed.renew(key));
  };
  const ring = await KeyRing.open(path, { everyMs: 10, onChange });
  const edge = await startToyEdge({ keyOf: (credentials) => ring.find(credentials, 'verify') });
  edges.push(edge.edge);
  return {
    edge,
    ring,
    async [Symbol.asyncDispose]() {
      ring[Symbol.dispose]();
      await edge[Symbol.asyncDispose]();
    },
  };
}

/** Waits until all of them have begun. */
async function begun(turns: readonly Turn[], edge: ToyEdge): Promise<void> {
  while (edge.edge.status.sessions < turns.length) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('a key in a file', () => {
  it('that is revoked ends its sessions, and those of others go on to the target’s own text', async () => {
    const [ada, bob] = [await addKeyTo(path, terms('Ada'), Date.now()), await addKeyTo(path, terms('Bob'), Date.now())];
    await using following = await startFollowing();
    const turns = [asked(following.edge, ada.key, endless), asked(following.edge, bob.key)];
    await begun(turns, following.edge);
    await revokeKeyIn(path, 'Ada', Date.now());
    const [first, second] = await Promise.all(turns.map(({ report }) => report));
    expect(first?.outcome).toMatchObject(refused);
    expect(first?.tokens.length).toBeLessThan(endless);
    expect(second?.tokens).toEqual(await toyReference(neutralSampling, tokens));
    expect((await asked(following.edge, ada.key).report).outcome).toMatchObject(refused);
  });

  it('that is rotated without grace ends the sessions of the old secret; with grace they go on', async () => {
    const [ada, bob] = [await addKeyTo(path, terms('Ada'), Date.now()), await addKeyTo(path, terms('Bob'), Date.now())];
    await using following = await startFollowing();
    const turns = [asked(following.edge, ada.key, endless), asked(following.edge, bob.key)];
    await begun(turns, following.edge);
    const next = await rotateKeyIn(path, 'Ada', Date.now(), 0);
    await rotateKeyIn(path, 'Bob', Date.now(), 3_600_000);
    const [first, second] = await Promise.all(turns.map(({ report }) => report));
    expect(first?.outcome).toMatchObject(refused);
    expect(second?.outcome).toMatchObject({ kind: 'ended' });
    expect((await asked(following.edge, next.key).report).outcome).toMatchObject({ kind: 'ended' });
  });

  it('is taken by its former secret until the grace ends, then by the new one only', async () => {
    const ada = await addKeyTo(path, terms('Ada'), Date.now());
    await using following = await startFollowing();
    const { edge, ring } = following;
    const next = await rotateKeyIn(path, 'Ada', Date.now(), 3_600_000);
    while (ring.find(next.key, 'verify') === null) await new Promise((resolve) => setTimeout(resolve, 2));
    const [old, renewed] = [ring.find(ada.key, 'verify'), ring.find(next.key, 'verify')];
    expect([old?.id, renewed?.id]).toEqual([ada.entry.id, ada.entry.id]);
    expect(old && ring.renew(old)).not.toBeNull();
    // The grace ends.
    const text = await readFile(path, 'utf8');
    await replaceFile(path, text.replace(/"until": "[^"]*"/, '"until": "2020-01-01T00:00:00.000Z"'));
    while (ring.find(ada.key, 'verify') !== null) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(old && ring.renew(old)).toBeNull();
    expect(renewed && ring.renew(renewed)).toMatchObject({ id: ada.entry.id });
    expect((await asked(edge, next.key).report).outcome).toMatchObject({ kind: 'ended' });
  });
});
