// The port of a controller with TLS, over real sockets: whose certificate members check, and what they are told where it does not fit.

import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createPolicy } from '../../src/allocation/policies/policies.ts';
import { makeCertificate } from '../../src/files/self-signed.ts';
import { connectWebSocket } from '../../src/network/transport-node/websocket-client.ts';
import { ControlClient, type ControlNote, reachBy } from '../../src/processes/controller/control-client.ts';
import { listenController, startController } from '../../src/processes/controller/controller-server.ts';
import { fingerprint, identity } from './secured-controller.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

/** @returns the port, and whether its members can be known by what they show */
async function listen(tls: typeof identity | undefined, epoch = 5) {
  const greedy = { name: 'greedy', decide: createPolicy('greedy') };
  const controller = startController({ policy: greedy, fallback: greedy, slotMs: 200, epoch });
  // Whatever waits for a handshake to end would wait longer than the test.
  const portLimits = { requestMs: 600_000 };
  const listener = await listenController(controller, { host: '127.0.0.1', port: 0, tls, portLimits });
  undo.push(
    () => controller.close(),
    () => listener.close(),
  );
  return { controller, port: listener.port, close: () => listener.close() };
}

async function firstNote(url: string, pin?: string): Promise<ControlNote> {
  const notes: ControlNote[] = [];
  const member = new ControlClient({
    reach: reachBy(connectWebSocket(url, { fingerprint: pin, peer: 'controller' })),
    role: 'edge',
    id: 'near',
    report: () => null,
    onOrder: () => {},
    note: (note) => void notes.push(note),
  });
  undo.push(() => member.close());
  await expect.poll(() => notes.length).toBeGreaterThan(0);
  return notes[0] as ControlNote;
}

/** Whether a member knows that the certificate of who answers was checked. */
async function isChecked(url: string, pin?: string): Promise<boolean | undefined> {
  const silence = { frame: () => {}, writable: () => {}, closed: () => {} };
  const connection = await connectWebSocket(url, { fingerprint: pin })(() => silence);
  connection.close('done', '');
  return connection.isPeerChecked;
}

it('a certificate counts as checked by its fingerprint or by an authority, and nothing in plain does', async () => {
  const [secured, plain] = [await listen(identity), await listen(undefined)];
  const url = `wss://127.0.0.1:${secured.port}`;
  expect(await isChecked(url, fingerprint)).toBe(true);
  expect(await isChecked(`ws://127.0.0.1:${plain.port}`)).toBe(false);
  const authorities = getCACertificates('default');
  setDefaultCACertificates([...authorities, identity.cert]);
  undo.push(() => setDefaultCACertificates(authorities));
  expect(await isChecked(url)).toBe(true);
  // As with a variable that tells Node to check nothing.
  setDefaultCACertificates(authorities);
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  undo.push(() => vi.unstubAllEnvs());
  expect(await isChecked(url)).toBe(false);
});

describe('a member of a controller with TLS', () => {
  it('joins where the certificate is the one that it was given', async () => {
    const { controller, port } = await listen(identity);
    expect(await firstNote(`wss://127.0.0.1:${port}`, fingerprint)).toEqual({ kind: 'connected', epoch: 5 });
    expect(controller.status.edges).toBe(1);
  });

  it.each([
    [
      'another certificate',
      makeCertificate(['127.0.0.1'], Date.now()),
      'wss',
      fingerprint,
      'not the one that was given',
    ],
    ['a certificate for which nobody vouches', identity, 'wss', undefined, 'is not trusted'],
  ] as const)('sends nothing to %s, and says why', async (_, tls, scheme, pin, words) => {
    const { controller, port } = await listen(tls);
    const note = await firstNote(`${scheme}://127.0.0.1:${port}`, pin);
    expect(note).toMatchObject({
      kind: 'unreached',
      error: { code: 'certificate-untrusted', remedy: expect.stringContaining('--controller-fingerprint') },
    });
    expect((note as { readonly error: Error }).error.message).toContain(words);
    expect(controller.status).toMatchObject({ edges: 0, traffic: { receivedMessages: 0 } });
  });

  it.each([
    ['in plain to a port with TLS', identity, 'ws', 'write the address with wss:// if that controller runs with TLS'],
    [
      'with TLS to a port without',
      undefined,
      'wss',
      'write the address with ws:// if that controller runs without TLS',
    ],
  ] as const)('that comes %s is told so', async (_, tls, scheme, remedy) => {
    const { port } = await listen(tls);
    expect(await firstNote(`${scheme}://127.0.0.1:${port}`)).toMatchObject({ kind: 'unreached', error: { remedy } });
  });

  it('may stay in its TLS handshake: the port closes all the same', async () => {
    const { port, close } = await listen(identity);
    const silent = connectTcp(port, '127.0.0.1');
    undo.push(() => silent.destroy());
    await once(silent, 'connect');
    const ended = once(silent, 'close');
    await close();
    await ended;
  });
});
