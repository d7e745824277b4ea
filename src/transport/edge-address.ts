// The address of an edge, and the error if no edge is reachable there. All WebSocket clients share it.

import { OutriderError } from '../basics/errors.ts';

/** @throws OutriderError `bad-argument` if `url` is not ws, wss, http or https */
export function parseEdgeAddress(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !/^(ws|http)s?:$/.test(target.protocol)) {
    throw new OutriderError('bad-argument', `"${url}" is not the address of an edge`, 'write it as ws://host:port');
  }
  target.protocol = target.protocol.replace('http', 'ws');
  target.hash = '';
  return target;
}

/** @param detail message of the platform */
export function unreachableEdge(target: URL, detail: string, cause?: unknown): OutriderError {
  const remedy = 'check the address, and that `outrider edge` runs there';
  return new OutriderError('edge-unreachable', `no connection to ${target.href}: ${detail}`, remedy, { cause });
}
