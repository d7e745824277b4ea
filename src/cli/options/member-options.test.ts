// Which of several controllers a member connects to.

import { createHash, X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { makeCertificate } from '../../files/self-signed.ts';
import { listenWebSocket } from '../../network/transport-node/websocket-server.ts';
import type { Reach } from '../../processes/controller/control-client.ts';
import { memberName, memberOptions, reachController } from './member-options.ts';

const identity = makeCertificate(['127.0.0.1'], Date.now(), 'controller');
const certificate = createHash('sha256').update(new X509Certificate(identity.cert).raw).digest('hex');
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

async function site(name: string, came: string[], tls?: typeof identity) {
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, tls }, (connection) => {
    came.push(name);
    connection.close('done', 'seen');
    return { frame() {}, writable() {}, closed() {} };
  });
  undo.push(() => listener.close());
  return `${tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${listener.port}`;
}

/** One attempt. @returns the code of its failure; '': it has connected */
function attempt(reach: Reach, elsewhere?: Parameters<Reach>[2]): Promise<string> {
  return new Promise((resolve) => {
    reach(
      () => {
        resolve('');
        return { frame() {}, writable() {}, closed() {} };
      },
      (error) => resolve(`${Object(error).code}`),
      elsewhere,
    );
  });
}

describe('a member of a fleet', () => {
  it('asks its controllers in turn, and the one that was named first', async () => {
    const came: string[] = [];
    const [a, b, c] = [await site('a', came), await site('b', came), await site('c', came)];
    const reach = reachController({ controller: `${a},${b}` });
    for (const address of [undefined, `${b.toUpperCase().replace('WS', 'ws')}/`, undefined, a])
      expect(await attempt(reach, address === undefined ? undefined : { address })).toBe('');
    await expect.poll(() => came).toEqual(['a', 'b', 'b', 'a']);
    expect(await attempt(reach, { address: c })).toBe('');
    await expect.poll(() => came).toEqual(['a', 'b', 'b', 'a', 'a']);
  });

  it.each(['ws://10.0.0.300:8640', 'ws://a:99999', 'ws://[x]:1', 'no address'])(
    'goes on with its own where %s is named',
    async (address) => {
      const came: string[] = [];
      expect(await attempt(reachController({ controller: await site('a', came) }), { address })).toBe('');
      await expect.poll(() => came).toEqual(['a']);
    },
  );

  it('trusts each controller by its own fingerprint, whoever has named it', async () => {
    const came: string[] = [];
    const [first, secure] = [await site('first', came, identity), await site('secure', came, identity)];
    const other = 'ab'.repeat(32);
    const pinned = { controller: `${first},${secure}`, controllerFingerprint: `${certificate},${other}` };
    expect(await attempt(reachController(pinned), { address: secure })).toBe('certificate-untrusted');
    const right = { ...pinned, controllerFingerprint: `${other},${certificate}` };
    expect(await attempt(reachController(right), { address: secure })).toBe('');
    expect(await attempt(reachController({ ...pinned, controllerFingerprint: certificate }), { address: secure })).toBe(
      '',
    );
    await expect.poll(() => came).toEqual(['secure', 'secure']);
    const three = { ...pinned, controllerFingerprint: `${other},${other},${other}` };
    expect(() => reachController(three)).toThrow('3 digests for 2 addresses');
  });

  it('refuses an address or a name that can’t be one', () => {
    expect(() => reachController({ controller: 'ws://127.0.0.1:1,' })).toThrow(/address/);
    for (const cell of ['a b', 'a.b', 'a:b', '']) expect(() => memberOptions.cell.parse(cell)).toThrow('--cell is "');
    expect(memberOptions.cell.parse('north_1-a')).toBe('north_1-a');
    expect(() => memberName('a b', 'edge')).toThrow('--name is "a b"');
  });
});
