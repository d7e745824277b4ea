// Which address a host stands for, and whether anybody else can reach it. A name is looked up once, and the port is bound to what was
// found: a name that leads elsewhere a moment later changes nothing.

import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { badArgument } from '../../core/basics/errors.ts';

export interface ListenAddress {
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly isLoopback: boolean;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an IP address is one of this machine that only this machine reaches. */
export function isLoopbackAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** @throws OutriderError `bad-argument` for an empty host, or one that has no address */
export async function resolveListenAddress(host: string): Promise<ListenAddress> {
  // Node would listen on every address for an empty host.
  if (host === '') throw badArgument('--host is empty', 'give an address, as 127.0.0.1 or 0.0.0.0');
  const { address } = await lookup(host).catch((error: NodeJS.ErrnoException) => {
    throw badArgument(`${host} has no address: ${error.code}`, 'give an IP address, or a name of this machine', {
      cause: error,
    });
  });
  return { address, isLoopback: isLoopbackAddress(address) };
}
