import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type KeyScope, keyScopes, takesDigest } from '../core/access/key-book.ts';
import { neighbours } from '../core/basics/neighbours.fixture.ts';
import { Secret } from '../core/basics/secret.ts';
import { folderOfEach } from '../models/gguf/folder.fixture.ts';
import { addKeyTo, loadKeys, revokeKeyIn, rotateKeyIn } from './key-files.ts';
import { isTypedKey, KeyRing, type KeyRingSettings } from './key-ring.ts';
import { keyTerms } from './key-terms.fixture.ts';

const here = folderOfEach();
let path = '';
beforeEach(async () => {
  path = here('inner', 'keys.json');
});

/** Until it holds. */
const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(holds()).toBe(true), { timeout: 30_000, interval: 5 });

const nowMs = Date.parse('2026-06-01T00:00:00Z');
describe('the file of keys on disk', () => {
  it('holds no secret, and only its owner may read it', async () => {
    const { key, entry } = await addKeyTo(path, keyTerms('Ada'), nowMs);
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(key);
    expect(text).not.toContain(key.slice(-43));
    expect(text).toContain(entry.sha256);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(here('inner'))).mode & 0o777).toBe(0o700);
    await revokeKeyIn(path, 'Ada', nowMs);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(here('inner'))).toEqual(['keys.json']);
  });

  it('loses no change of commands that run at the same time', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `key ${index}`);
    await Promise.all(names.map((name) => addKeyTo(path, keyTerms(name), nowMs)));
    expect((await loadKeys(path)).map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  it('is replaced where it lies when a link leads there', async () => {
    await addKeyTo(path, keyTerms('Ada'), nowMs);
    const link = here('link.json');
    await symlink(path, link);
    await addKeyTo(link, keyTerms('Bob'), nowMs);
    expect((await loadKeys(path)).map(({ name }) => name)).toEqual(['Ada', 'Bob']);
  });

  it('is not changed when the change is refused, and left alone when it is damaged', async () => {
    await addKeyTo(path, keyTerms('Ada'), nowMs);
    const before = await readFile(path, 'utf8');
    await expect(addKeyTo(path, keyTerms('Ada'), nowMs)).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(revokeKeyIn(path, 'Bob', nowMs)).rejects.toMatchObject({ code: 'bad-argument' });
    expect(await readFile(path, 'utf8')).toBe(before);
    await writeFile(path, before.slice(0, 100));
    await expect(addKeyTo(path, keyTerms('Bob'), nowMs)).rejects.toMatchObject({ code: 'keys-unreadable' });
    expect(await readFile(path, 'utf8')).toBe(before.slice(0, 100));
    expect(await readdir(here('inner'))).toEqual(['keys.json']);
  });

  it('is refused when others may write it, or when it is not there', async () => {
    const message = `there is no file of keys at ${path}`;
    await expect(loadKeys(path)).rejects.toMatchObject({ code: 'keys-unreadable', message });
    await expect(revokeKeyIn(path, 'Ada', nowMs)).rejects.toMatchObject({ code: expect.stringMatching(/keys-|bad-/) });
    await addKeyTo(path, keyTerms('Ada'), nowMs);
    await chmod(path, 0o620);
    await expect(loadKeys(path)).rejects.toMatchObject({ code: 'keys-unreadable' });
    await mkdir(here('directory'));
    await expect(loadKeys(here('directory'))).rejects.toMatchObject({ code: 'keys-unreadable' });
  });

  it('gives a key a new secret under the same id', async () => {
    const made = await addKeyTo(path, keyTerms('Ada'), nowMs);
    const next = await rotateKeyIn(path, 'Ada', nowMs, 1000);
    expect(next.entry.id).toBe(made.entry.id);
    expect(next.key).not.toBe(made.key);
    expect((await loadKeys(path))[0]).toMatchObject({
      sha256: next.entry.sha256,
      former: { sha256: made.entry.sha256 },
    });
  });
});

describe('the keys of a running edge', () => {
  const rings: KeyRing[] = [];
  afterEach(() => {
    for (const ring of rings.splice(0)) ring[Symbol.dispose]();
  });
  async function openRing(settings: KeyRingSettings = {}): Promise<KeyRing> {
    const ring = await KeyRing.open(path, { everyMs: 10, now: () => nowMs, ...settings });
    rings.push(ring);
    return ring;
  }

  const severalChecks = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));

  it('are found by their whole text, for their scopes, while they are valid', async () => {
    const ada = await addKeyTo(
      path,
      keyTerms('Ada', { share: 2, maxSessions: 3, maxWaiting: 4, rowsPerMinute: 5, targetMsPerToken: 70 }),
      nowMs,
    );
    const web = await addKeyTo(path, keyTerms('web', { scopes: ['chat'] }), nowMs);
    const past = await addKeyTo(path, keyTerms('past', { expires: new Date(nowMs + 1).toISOString() }), nowMs);
    let time = nowMs;
    const ring = await openRing({ now: () => time });
    const { id } = ada.entry;
    const limits = { share: 2, maxSessions: 3, maxWaiting: 4, rowsPerMinute: 5, targetMsPerToken: 70 };
    expect(ring.find(ada.key, 'verify')).toEqual({ id, name: 'Ada', ...limits, proof: expect.any(Secret) });
    expect(ring.find(ada.key, 'verify')).toBe(ring.find(ada.key, 'verify'));
    expect(ring.find(ada.key, 'admin')).toBeNull();
    expect([ring.find(web.key, 'verify'), ring.find(web.key, 'chat')?.name]).toEqual([null, 'web']);
    const forged = ada.key.replace(id, web.entry.id);
    const cut = ada.key.slice(0, -1);
    for (const text of ['', 'x', cut, forged, id, ada.entry.sha256]) expect(ring.find(text, 'verify')).toBeNull();
    expect(ring.find(past.key, 'verify')?.name).toBe('past');
    time += 1;
    expect(ring.find(past.key, 'verify')).toBeNull();
    expect(ring.refusal(past.key, 'verify')).toEqual({
      name: 'past',
      state: 'expired',
      cause: 'the key "past" has expired',
    });
    expect(ring.refusal(web.key, 'verify')).toEqual({
      name: 'web',
      state: 'valid',
      cause: 'the key "web" does not have the scope verify',
    });
    for (const text of ['', 'x', cut, forged, id])
      expect([ring.refusal(text, 'verify'), ring.nameOf(text)]).toEqual([null, null]);
    expect(JSON.stringify(ring.find(ada.key, 'verify'))).not.toContain(ada.entry.sha256);
  });

  it('have metrics, and watching, in scopes of their own, which admin includes', async () => {
    const keys = new Map<KeyScope, string>();
    for (const scope of keyScopes)
      keys.set(scope, (await addKeyTo(path, keyTerms(scope, { scopes: [scope] }), nowMs)).key);
    const ring = await openRing();
    const found = (scope: KeyScope) => keyScopes.filter((one) => ring.find(keys.get(one) ?? '', scope) !== null);
    for (const scope of ['metrics', 'watch'] as const) expect(found(scope)).toEqual([scope, 'admin']);
    for (const scope of ['chat', 'verify', 'admin'] as const) expect(found(scope)).toEqual([scope]);
    const admin = ring.find(keys.get('admin') ?? '', 'metrics');
    expect(admin !== null && ring.renew(admin)).toEqual(admin);
  });

  it('follow the file: added, revoked, rotated', async () => {
    const ada = await addKeyTo(path, keyTerms('Ada'), nowMs);
    let changes = 0;
    const ring = await openRing({ onChange: () => changes++ });
    const found = ring.find(ada.key, 'verify');
    if (found === null) throw new Error('no key');
    const bob = await addKeyTo(path, keyTerms('Bob'), nowMs);
    await until(() => ring.find(bob.key, 'verify') !== null);
    // A copy of a key is the same key.
    const group = { mostPlaces: 1 };
    for (const one of [found, { ...found, group }, { ...ring.renew(found), ...found }])
      expect(ring.renew(one)).toEqual(found);

    const next = await rotateKeyIn(path, 'Ada', nowMs, 0);
    await until(() => ring.find(next.key, 'verify') !== null);
    expect(ring.find(ada.key, 'verify')).toBeNull();
    // A session that was opened with the old secret ends, one with the new secret continues.
    expect(ring.renew(found)).toBeNull();
    const renewed = ring.find(next.key, 'verify');
    expect(renewed !== null && ring.renew(renewed)).toEqual(renewed);

    await revokeKeyIn(path, 'Ada', nowMs);
    await until(() => ring.find(next.key, 'verify') === null);
    expect(renewed && ring.renew(renewed)).toBeNull();
    await until(() => changes >= 3);
  });

  it('are of one scope each: with two, the one that is withdrawn ends, and the other stays', async () => {
    const two = await addKeyTo(path, keyTerms('Ada', { scopes: ['verify', 'chat'] }), nowMs);
    let changes = 0;
    const ring = await openRing({ onChange: () => changes++ });
    const [verify, chat] = [ring.find(two.key, 'verify'), ring.find(two.key, 'chat')];
    if (verify === null || chat === null) throw new Error('no key');
    const book = JSON.parse(await readFile(path, 'utf8'));
    for (const [left, scopes] of [
      [verify, ['verify']],
      [chat, ['chat']],
    ] as const) {
      const before = changes;
      book.keys[0].scopes = scopes;
      await writeFile(path, JSON.stringify(book), { mode: 0o600 });
      await until(() => changes > before);
      const gone = left === verify ? chat : verify;
      expect([ring.renew(left)?.name, ring.renew(gone)]).toEqual(['Ada', null]);
      expect((['verify', 'chat'] as const).filter((scope) => ring.find(two.key, scope) !== null)).toEqual(scopes);
    }
  });

  it('are refused with one other character, the first of the secret or the last', async () => {
    const made = await addKeyTo(path, keyTerms('Ada'), nowMs);
    const ring = await openRing();
    const others = neighbours(made.key, made.key.indexOf(made.entry.id) + made.entry.id.length + 1);
    expect(others).toHaveLength(2);
    for (const other of others) {
      expect([ring.find(other, 'verify'), ring.refusal(other, 'chat')]).toEqual([null, null]);
      expect(isTypedKey(new Secret(made.key), other)).toBe(false);
    }
    expect(isTypedKey(new Secret(made.key), made.key)).toBe(true);
    const { sha256 } = made.entry;
    const rotated = (await rotateKeyIn(path, 'Ada', nowMs, 1000)).entry;
    for (const right of [sha256, rotated.sha256]) {
      expect(takesDigest(rotated, right, nowMs)).toBe(true);
      for (const other of neighbours(right)) expect(takesDigest(rotated, other, nowMs)).toBe(false);
    }
  });

  it('end when they expire, without a change of the file', async () => {
    const ada = await addKeyTo(path, keyTerms('Ada', { expires: new Date(nowMs + 5).toISOString() }), nowMs);
    let time = nowMs;
    let changes = 0;
    const ring = await openRing({ now: () => time, onChange: () => changes++ });
    const found = ring.find(ada.key, 'verify');
    expect(found && ring.renew(found)).toEqual(found);
    await severalChecks();
    expect(changes).toBe(0);
    time += 5;
    await until(() => changes > 0);
    expect(found && ring.renew(found)).toBeNull();
    await severalChecks();
    expect(changes).toBe(1);
  });

  it('have two secrets while a rotation has grace, and then the newer one', async () => {
    const ada = await addKeyTo(path, keyTerms('Ada'), nowMs);
    const next = await rotateKeyIn(path, 'Ada', nowMs, 1000);
    let time = nowMs + 999;
    let changes = 0;
    const ring = await openRing({ now: () => time, onChange: () => changes++ });
    const [older, newer] = [ring.find(ada.key, 'verify'), ring.find(next.key, 'verify')];
    if (older === null || newer === null) throw new Error('no key');
    expect([ring.renew(older), ring.renew(newer)]).toEqual([older, newer]);
    time += 1;
    await until(() => changes > 0);
    expect([ring.find(ada.key, 'verify'), ring.renew(older)]).toEqual([null, null]);
    expect([ring.find(next.key, 'verify'), ring.renew(newer)]).toEqual([newer, newer]);
  });

  it('are followed until the ring is disposed of, also by whom a change is told', async () => {
    await addKeyTo(path, keyTerms('Ada'), nowMs);
    let changes = 0;
    const ring: KeyRing = await openRing({
      onChange: () => {
        changes += 1;
        ring[Symbol.dispose]();
      },
    });
    const bob = await addKeyTo(path, keyTerms('Bob'), nowMs);
    await until(() => changes === 1);
    const eve = await addKeyTo(path, keyTerms('Eve'), nowMs);
    await severalChecks();
    expect([ring.find(bob.key, 'verify')?.name, ring.find(eve.key, 'verify')]).toEqual(['Bob', null]);
  });

  it('stay as they were while the file is damaged or gone, and it is said once', async () => {
    const ada = await addKeyTo(path, keyTerms('Ada'), nowMs);
    const problems: unknown[] = [];
    const ring = await openRing({ onProblem: (error) => problems.push(error) });
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.slice(0, 50));
    await until(() => problems.length === 1);
    expect(problems[0]).toMatchObject({ code: 'keys-unreadable' });
    await rm(path);
    await until(() => problems.length === 2);
    await severalChecks();
    expect(problems).toHaveLength(2);
    expect(ring.find(ada.key, 'verify')?.name).toBe('Ada');
    await writeFile(path, text, { mode: 0o600 });
    const bob = await addKeyTo(path, keyTerms('Bob'), nowMs);
    await until(() => ring.find(bob.key, 'verify') !== null);
  });

  it('are refused at the start when the file is damaged', async () => {
    await expect(openRing()).rejects.toMatchObject({ code: 'keys-unreadable' });
  });
});
