// The address of an edge, and the error if no edge is reachable there. All WebSocket clients share it.

import { OutriderError } from '../../core/basics/errors.ts';
import { withoutSecrets } from '../../core/basics/secret.ts';

/** @param what should be there, for messages @throws OutriderError `bad-argument` if `url` is not ws, wss, http or https */
export function parseEdgeAddress(url: string, what = 'an edge'): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !/^(ws|http)s?:$/.test(target.protocol)) {
    const shown = url.slice(url.lastIndexOf('@') + 1);
    throw new OutriderError('bad-argument', `"${shown}" is not the address of ${what}`, addressRemedy(shown));
  }
  target.protocol = target.protocol.replace('http', 'ws');
  target.hash = '';
  return target;
}

/** A port that other machines can reach has TLS, unless a flag waives it. */
function addressRemedy(shown: string): string {
  const rest = shown.replace(/^[a-z]*:?\/\//i, '');
  if (!/^(\[[0-9a-f:]+\]|[\w.-]+)(:\d{1,5})?$/i.test(rest))
    return 'write it as ws://host:port, or wss://host:port with TLS';
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])(:|$)/i.test(rest);
  return isHere ? `write it as ws://${rest}` : `write it as wss://${rest}, or as ws://${rest} if it runs without TLS`;
}

/** The address for people: whoever reads it need not know user and password. */
export function showAddress({ href }: URL): string {
  return withoutSecrets(href);
}

/** @param detail message of the platform */
export function unreachableEdge(target: URL, detail: string, cause?: unknown, peer = 'edge'): OutriderError {
  const remedy = `check the address, and that \`outrider ${peer}\` runs there`;
  return new OutriderError('edge-unreachable', `no connection to ${showAddress(target)}: ${detail}`, remedy, { cause });
}
