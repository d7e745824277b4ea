// For whole-system tests: the connector of a device that offers only version 2 of the stream protocol.

import { WebSocket } from 'ws';
import type { Connect } from '../../src/network/transport/transport.ts';
import { adoptSocket } from '../../src/network/transport-node/ws-socket.ts';

export function connectVersion2(url: string): Connect {
  return (accept) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url, 'outrider.2');
      socket.once('error', reject);
      socket.once('open', () => resolve(adoptSocket(socket, accept)));
    });
}
