// The address of an edge's page as a QR code, for a phone.

import { renderUnicodeCompact } from 'uqr';
import { badArgument } from '../../core/basics/errors.ts';
import { isLoopbackAddress } from '../../network/transport-node/listen-address.ts';
import { reachableUrl } from '../options/reachable-url.ts';

/**
 * @param address of the edge, "ws://0.0.0.0:8642"
 * @param key in the fragment, which a browser sends to no server; undefined: the page asks for it
 * @param own address of this machine in its network; undefined: it has none
 * @throws OutriderError `bad-argument` where no other machine reaches the address
 */
export function pageLink(address: string, key: string | undefined, own?: string): string {
  const url = reachableUrl(address, own);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host === '0.0.0.0' || host === '::' || isLoopbackAddress(host))
    throw badArgument(`no phone can reach ${url.host}`, 'Add --host 0.0.0.0 and what it asks for, or leave out --qr.');
  if (key !== undefined) url.hash = new URLSearchParams({ key }).toString();
  return url.href;
}

/** The code, the link, and what whoever shows it should know; a line each. */
export function qrLines(link: string): readonly string[] {
  const code = renderUnicodeCompact(link, { border: 2 }).split('\n');
  const plain = 'on an http:// page text and key are not encrypted: use it in a network that you trust';
  return [...code, link, ...(link.startsWith('http:') ? [plain] : [])];
}
