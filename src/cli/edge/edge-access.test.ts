import { chmod, readdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyScope } from '../../core/access/key-book.ts';
import { Secret } from '../../core/basics/secret.ts';
import type { EdgeKey } from '../../core/protocol/edge/edge-key.ts';
import { addKeyTo } from '../../files/key-files.ts';
import { makeCertificate } from '../../files/self-signed.ts';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import { type AccessFlags, openAccess } from './edge-access.ts';

const strong = 'Zk3vQ8xT1mBw7rYc5nHs2d';
const here = folderOfEach();
const opened: AsyncDisposable[] = [];

beforeEach(() => void vi.stubEnv('OUTRIDER_STATE', here('state')));
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

function flags(given: Partial<AccessFlags>): AccessFlags {
  const none = { key: undefined, keys: undefined, tlsCert: undefined, tlsKey: undefined };
  const off = { allowAnyone: false, tlsSelfSigned: false, plain: false };
  return { host: '127.0.0.1', ...none, ...off, allowOrigin: undefined, allowHost: undefined, ...given };
}

async function open(given: Partial<AccessFlags>) {
  const access = await openAccess(flags(given));
  opened.push(access);
  return access;
}

const terms = { scopes: ['verify'], expires: null, share: 2, maxSessions: 3, maxWaiting: null } as const;

describe('an edge that others can reach', () => {
  const loopback = ['127.0.0.1', '::1', 'localhost', '127.9.9.9'];
  const exposed = ['0.0.0.0', '::', '0', '192.0.2.1', '::ffff:192.0.2.1'];
  /** Each way to say who may come, and each way to say what goes in clear. */
  const keys: readonly (readonly [string, Partial<AccessFlags>, boolean])[] = [
    ['nothing', {}, false],
    ['a strong key', { key: new Secret(strong) }, true],
    ['--allow-anyone', { allowAnyone: true }, true],
  ];
  const tls: readonly (readonly [string, Partial<AccessFlags>, boolean])[] = [
    ['nothing', {}, false],
    ['--tls-self-signed', { tlsSelfSigned: true }, true],
    ['--plain', { plain: true }, true],
  ];
  const table = keys.flatMap(([said, key, isFine]) =>
    tls.map(([told, cover, isCovered]) => ({ said, told, given: { ...key, ...cover }, starts: isFine && isCovered })),
  );

  it.each(table)('starts with $said and $told: $starts', async ({ given, starts }) => {
    for (const host of loopback) await open({ ...given, host });
    for (const host of exposed) {
      if (starts) await open({ ...given, host });
      else await expect(open({ ...given, host })).rejects.toMatchObject({ code: 'bad-argument' });
    }
  });

  it('takes no weak key, and no short one even on this machine', async () => {
    const weak = new Secret('correct horse battery');
    await open({ key: weak });
    const refused = { code: 'bad-argument', message: expect.stringContaining('too weak') };
    await expect(open({ key: weak, host: '0.0.0.0', plain: true })).rejects.toMatchObject(refused);
    await expect(open({ key: new Secret('1234567') })).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('takes the keys of this user where none are named', async () => {
    const { key } = await addKeyTo(here('state', 'keys.json'), { ...terms, name: 'Ada' }, Date.now());
    const access = await open({ host: '0.0.0.0', plain: true });
    expect(access.keyOf?.(key)?.name).toBe('Ada');
    expect(access.said[0]).toBe('key required: 1 key is valid');
    expect((await open({})).keyOf).toBeUndefined();
    expect((await open({ host: '0.0.0.0', plain: true, allowAnyone: true })).keyOf).toBeUndefined();
  });

  it('does not start with a file of keys that is missing or damaged', async () => {
    await writeFile(here('keys.json'), '{}', { mode: 0o600 });
    for (const name of ['keys.json', 'none.json'])
      await expect(open({ keys: here(name) })).rejects.toMatchObject({ code: 'keys-unreadable' });
  });
});

describe('the key of a device', () => {
  it('is the one of --key, or one of the file, with what the file says of it', async () => {
    const file = here('keys.json');
    const { key } = await addKeyTo(file, { ...terms, name: 'Ada' }, Date.now());
    const web = await addKeyTo(file, { ...terms, name: 'web', scopes: ['chat'] }, Date.now());
    const { keyOf, said } = await open({ keys: file, key: new Secret(strong) });
    expect(keyOf?.(key)).toMatchObject({ name: 'Ada', share: 2, maxSessions: 3 });
    expect(keyOf?.(strong)).toMatchObject({ id: '--key', name: '--key', share: 1 });
    for (const wrong of ['', 'x', `${strong} `, key.slice(0, -1)]) expect(keyOf?.(wrong)).toBeNull();
    expect(() => keyOf?.(web.key)).toThrow('the key "web" does not have the scope verify');
    expect(said.join()).not.toContain(strong);
  });

  it('is followed: the edge ends the sessions of a key that has expired', async () => {
    const file = here('keys.json');
    const expires = new Date(Date.now() + 1500).toISOString();
    const { key } = await addKeyTo(file, { ...terms, name: 'Ada', expires }, Date.now());
    const access = await open({ keys: file, key: new Secret(strong) });
    const [ada, typed] = [access.keyOf?.(key), access.keyOf?.(strong)];
    const judged: (EdgeKey | null)[][] = [];
    const edge = {
      renewKeys(find: (id: string, shown: EdgeKey) => EdgeKey | null) {
        judged.push([ada, typed].map((one) => (one ? find(one.id, { ...one }) : null)));
      },
    };
    const listener = { isOwnName: () => false, renewCertificate: () => {}, port: 0, close: async () => {} };
    access.follow(edge, listener, () => {});
    await expect.poll(() => judged).toEqual([[null, typed]]);
  });
});

describe('the certificate', () => {
  it('is made once, and its fingerprint is said', async () => {
    const first = await open({ tlsSelfSigned: true });
    expect(first.scheme).toBe('wss');
    expect(first.said[1]).toMatch(/^certificate SHA-256 [0-9a-f]{64}, valid until 20/);
    expect((await open({ tlsSelfSigned: true })).said).toEqual(first.said);
    expect(first.said).toHaveLength(2);
    const key = here('state', 'edge-key.pem');
    const files = { tlsCert: here('state', 'edge-certificate.pem'), tlsKey: key };
    expect((await open(files)).said).toHaveLength(2);
    await chmod(key, 0o644);
    const warning = `warning: everyone on this machine may read the private key ${key} (mode 644); chmod 600 it`;
    if (process.platform !== 'win32') expect((await open(files)).said[2]).toBe(warning);
    expect((await readdir(here('state'))).sort()).toEqual(['edge-certificate.pem', 'edge-key.pem']);
  });

  it('needs both of its files, and one kind of them', async () => {
    const made = makeCertificate(['localhost'], Date.now());
    const [tlsCert, tlsKey] = [here('c.pem'), here('k.pem')];
    await writeFile(tlsCert, made.cert);
    await writeFile(tlsKey, made.key);
    expect((await open({ tlsCert, tlsKey })).listen.tls).toMatchObject(made);
    for (const given of [{ tlsCert }, { tlsKey }, { tlsCert, tlsKey, tlsSelfSigned: true }]) {
      await expect(open(given)).rejects.toMatchObject({ code: 'bad-argument' });
    }
  });
});

describe('the names of the edge', () => {
  it('are the host that was given and those that are listed', async () => {
    const access = await open({ host: 'localhost', allowHost: ['edge.example'] });
    expect(access.listen.allowHosts).toEqual(['edge.example', 'localhost']);
    expect(access.listen.host).toMatch(/^(127\.0\.0\.1|::1)$/);
  });
});

describe('the keys of routes over HTTP', () => {
  const lacking = (name: string, scope: string) => ({
    status: 403,
    cause: `the key "${name}" does not have the scope ${scope}`,
  });

  it('are distinguished: valid, known without the scope, valid no more, unknown', async () => {
    const file = here('keys.json');
    const make = async (name: string, scopes: readonly KeyScope[], expires: string | null = null) =>
      (await addKeyTo(file, { ...terms, name, scopes, expires }, Date.now())).key;
    const web = await make('web', ['chat']);
    const scraper = await make('scraper', ['metrics']);
    const owner = await make('owner', ['admin']);
    const old = await make('old', ['chat'], new Date(Date.now() + 5).toISOString());
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { routeKeys } = await open({ keys: file, key: new Secret(strong) });
    expect(routeKeys?.find(web, 'chat')).toMatchObject({ name: 'web', share: 2 });
    expect(routeKeys?.find(web, 'metrics')).toEqual(lacking('web', 'metrics'));
    for (const key of [scraper, owner]) expect(routeKeys?.find(key, 'metrics')).toHaveProperty('share');
    expect(routeKeys?.find(scraper, 'chat')).toEqual(lacking('scraper', 'chat'));
    expect(routeKeys?.find(old, 'chat')).toEqual({ status: 401, cause: 'the key "old" has expired' });
    expect(routeKeys?.find(`${web} `, 'chat')).toBeNull();
    expect([web, old, strong, 'x'].map((one) => routeKeys?.nameOf(one))).toEqual(['web', 'old', '--key', null]);
  });

  it('let the key of --key see metrics only where it is the one key', async () => {
    const alone = await open({ key: new Secret(strong) });
    expect(alone.routeKeys?.find(strong, 'metrics')).toMatchObject({ name: '--key' });
    const file = here('keys.json');
    await addKeyTo(file, { ...terms, name: 'Ada' }, Date.now());
    const beside = await open({ keys: file, key: new Secret(strong) });
    expect(beside.routeKeys?.find(strong, 'metrics')).toMatchObject({ status: 403 });
    expect(beside.routeKeys?.find(strong, 'chat')).toMatchObject({ name: '--key' });
    expect((await open({})).routeKeys).toBeUndefined();
  });
});
