import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type KeyScope, keyScopes } from '../core/access/key-book.ts';
import { Secret } from '../core/basics/secret.ts';
import { addKeyTo, revokeKeyIn, rotateKeyIn } from '../files/key-files.ts';
import { keyTerms } from '../files/key-terms.fixture.ts';
import { folderOfEach } from '../models/gguf/folder.fixture.ts';
import type { WebSocketListener } from '../network/transport-node/websocket-server.ts';
import { controllerCommand } from './controller.ts';
import { type AccessFlags, accessOptions, openControllerAccess } from './controller-access.ts';
import { commandOf } from './options/option-flags.ts';

const here = folderOfEach();
const opened: AsyncDisposable[] = [];

beforeEach(() => void vi.stubEnv('OUTRIDER_STATE', here('state')));
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

async function open(given: Partial<AccessFlags>) {
  const none = { key: undefined, keys: undefined, edgeKey: undefined, tlsCert: undefined, tlsKey: undefined };
  const off = { allowHost: undefined, tlsSelfSigned: false, plain: false };
  const access = await openControllerAccess({ host: '127.0.0.1', ...none, ...off, ...given });
  opened.push(access);
  return access;
}

const unusedListener: WebSocketListener = {
  port: 0,
  isOwnName: () => false,
  renewCertificate: () => {},
  close: async () => {},
};
const key = new Secret('of all members of the controller, 7Qk2');
const edgeKey = new Secret('of edges');

describe('a controller that others can reach', () => {
  it('asks for a key, and for TLS or a word that there is none', async () => {
    const host = '0.0.0.0';
    await expect(open({ host, tlsSelfSigned: true })).rejects.toMatchObject({ code: 'bad-argument' });
    for (const weak of [{ key: new Secret('KEY') }, { key, edgeKey: new Secret('of edges') }])
      await expect(open({ host, tlsSelfSigned: true, ...weak })).rejects.toMatchObject({ code: 'bad-argument' });
    await expect(open({ host, key })).rejects.toThrow('keys and tickets would go in clear');
    expect(await open({ host, key, plain: true })).toMatchObject({ scheme: 'ws', said: ['no TLS'] });
    const one = await open({ host, key, tlsSelfSigned: true });
    expect([one.scheme, one.said]).toEqual(['wss', [expect.stringMatching(/^certificate SHA-256 [0-9a-f]{64}, /)]]);
    // It keeps the certificate.
    expect((await open({ tlsSelfSigned: true })).said).toEqual(one.said);
  });
});

describe('the address of a controller', () => {
  it.each([
    ['127.0.0.1', 'ws://127.0.0.1:7'],
    ['::1', 'ws://[::1]:7'],
  ])('at %s is %s', async (host, url) => {
    expect((await open({ host })).urlOf(7)).toBe(url);
  });
});

describe('the flags of a controller', () => {
  it('keep keys so that nothing shows them', async () => {
    let typed: Partial<AccessFlags> = {};
    const command = commandOf({ name: 'any', description: '', options: accessOptions }, (flags) => {
      typed = flags as typeof typed;
    });
    await command.parseAsync(['--key', 'one', '--edge-key', 'other', '--keys', 'file'], { from: 'user' });
    expect([typed.key, typed.edgeKey]).toEqual([expect.any(Secret), expect.any(Secret)]);
    expect([typed.key?.reveal(), typed.edgeKey?.reveal(), typed.keys]).toEqual(['one', 'other', 'file']);
  });

  it('may come from a configuration file', () => {
    expect(controllerCommand().options.map(({ long }) => long)).toContain('--config');
  });
});

describe('the key of a member', () => {
  it('is anybody where none is set, and one of two where edges have their own', async () => {
    expect((await open({})).keyOf('', 'device')).toBe('');
    const { keyOf } = await open({ key, edgeKey });
    expect([keyOf(key.reveal(), 'device'), keyOf('of edges', 'edge')]).toEqual(['--key', '--key']);
    expect([keyOf(key.reveal(), 'edge'), keyOf('of edges', 'device'), keyOf('', 'device')]).toEqual([null, null, null]);
  });

  it('is one of a file for each device, and edges need another', async () => {
    const keys = here('keys.json');
    const one = await addKeyTo(keys, keyTerms('one'), Date.now());
    const other = await addKeyTo(keys, keyTerms('other'), Date.now());
    await expect(open({ keys })).rejects.toThrow('edges have no key');
    const { keyOf } = await open({ keys, edgeKey });
    const [first, second] = [keyOf(one.key, 'device'), keyOf(other.key, 'device')];
    expect(new Set([first, second, null]).size).toBe(3);
    expect([keyOf(one.key, 'edge'), keyOf('a guess', 'device')]).toEqual([null, null]);
  });

  it('of a watcher is that of the edges, or one of a file with the scope for it', async () => {
    const keys = here('keys.json');
    const made = async (scope: KeyScope) =>
      (await addKeyTo(keys, keyTerms(scope, { scopes: [scope] }), Date.now())).key;
    const all = new Map<KeyScope, string>();
    for (const scope of keyScopes) all.set(scope, await made(scope));
    const { keyOf } = await open({ key, keys, edgeKey });
    const may = keyScopes.filter((scope) => keyOf(all.get(scope) ?? '', 'watcher') !== null);
    expect(may).toEqual(['watch', 'admin']);
    expect(keyScopes.filter((scope) => keyOf(all.get(scope) ?? '', 'device') !== null)).toEqual(['verify']);
    const shown = ['of edges', key.reveal(), '', 'a guess'].map((text) => keyOf(text, 'watcher'));
    expect(shown).toEqual(['--key', null, null, null]);
    expect([(await open({})).keyOf('', 'watcher'), (await open({ key })).keyOf('', 'watcher')]).toEqual(['', null]);
  });

  it('is followed: one with a former or a revoked secret goes, whoever has shown the other since, and others stay', async () => {
    const keys = here('keys.json');
    const former = await addKeyTo(keys, keyTerms('one'), Date.now());
    const other = await addKeyTo(keys, keyTerms('other'), Date.now());
    const { keyOf, follow } = await open({ keys, edgeKey });
    const ids = [keyOf('of edges', 'edge'), keyOf(former.key, 'device'), keyOf(other.key, 'device')];
    const graceMs = 4000;
    const next = await rotateKeyIn(keys, 'one', Date.now(), graceMs);
    const judged: boolean[][] = [];
    const renewKeys = (isValid: (id: string) => boolean): void => void judged.push(ids.map((id) => isValid(id ?? '')));
    follow({ renewKeys }, unusedListener, () => {});
    /** Which of the three goes, each time; -1: none. */
    const gone = () => judged.map((stays) => stays.indexOf(false));
    await expect.poll(gone).toEqual([-1]);
    expect([keyOf(former.key, 'device'), keyOf(next.key, 'device')]).toEqual([ids[1], ids[1]]);
    await expect.poll(gone).toEqual([-1, 1]);
    expect(keyOf(former.key, 'device')).toBeNull();
    // Who comes back with the other secret stays.
    expect(keyOf(next.key, 'device')).toBe(ids[1]);
    await revokeKeyIn(keys, 'other', Date.now());
    await expect.poll(gone).toEqual([-1, 1, 2]);
    await revokeKeyIn(keys, 'one', Date.now());
    await expect.poll(gone).toEqual([-1, 1, 2, 1]);
    expect(judged.flat().filter((stays) => !stays)).toHaveLength(3);
  });
});
