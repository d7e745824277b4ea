// Where a browser finds a port of this machine.

import { networkInterfaces } from 'node:os';

/**
 * @param address of the port, "ws://0.0.0.0:8642"
 * @param own name or address of this machine in its network; undefined: it has none
 * @returns its address of http or https; an address to listen on is none to reach
 */
export function reachableUrl(address: string, own: string | undefined = ownAddress()): URL {
  const url = new URL(address.replace(/^ws/, 'http'));
  if (['0.0.0.0', '[::]'].includes(url.hostname)) url.hostname = own ?? 'localhost';
  return url;
}

/** IPv4, which every phone has. */
function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
