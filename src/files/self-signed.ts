// A certificate that an edge or controller makes for itself: X.509 version 3, ECDSA over P-256, in DER as RFC 5280 lays it out. Only written here, never
// read: Node's own crypto makes the key and the signature, and reads and checks the result.

import { createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { invariant } from '../core/basics/invariant.ts';

/** PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const dayMs = 86_400_000;
/** Devices compare the fingerprint, not the date; a new certificate would have another fingerprint. */
const validDays = 3650;

/** @param names DNS names and IP addresses of its owner @param nowMs ms since 1970 */
export function makeCertificate(names: readonly string[], nowMs: number, owner = 'edge'): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectId(ecdsaWithSha256));
  const name = sequence(tlv(0x31, sequence(objectId(commonName), tlv(0x0c, Buffer.from(`outrider ${owner}`)))));
  const serial = randomBytes(16);
  // Positive, and without leading zeros.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const contents = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, serial),
    algorithm,
    name,
    sequence(time(nowMs - dayMs), time(nowMs + validDays * dayMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions(names))),
  );
  const der = sequence(contents, algorithm, tlv(0x03, Buffer.of(0), sign('sha256', contents, privateKey)));
  const certificate = new X509Certificate(der);
  invariant(certificate.verify(createPublicKey(privateKey)), 'the certificate is signed with its own key');
  return { cert: certificate.toString(), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
const commonName = '2.5.4.3';

function extensions(names: readonly string[]): Buffer[] {
  const alternatives = names.map((name) =>
    isIP(name) === 0 ? tlv(0x82, Buffer.from(name, 'latin1')) : tlv(0x87, addressBytes(name)),
  );
  return [
    // Not an authority: it vouches for no other certificate.
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, tlv(0x03, Buffer.of(7, 0x80))),
    extension('2.5.29.37', false, sequence(objectId('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', false, sequence(...alternatives)),
  ];
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(objectId(id), ...(isCritical ? [tlv(0x01, Buffer.of(0xff))] : []), tlv(0x04, value));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const first = groups(head);
  const last = groups(tail ?? '');
  const middle = new Array<number>(8 - first.length - last.length).fill(0);
  return Buffer.from([...first, ...middle, ...last].flatMap((group) => [group >> 8, group & 0xff]));
}

function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(contents);
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => tlv(0x30, ...contents);

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const digits = (number: number): number[] => {
    const low = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) low.unshift((left & 0x7f) | 0x80);
    return low;
  };
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(digits)]));
}

/** UTCTime to 2049, GeneralizedTime after it. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return Number(digits.slice(0, 4)) < 2050 ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}
