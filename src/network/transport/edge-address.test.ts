import { describe, expect, it } from 'vitest';
import { parseEdgeAddress } from './edge-address.ts';

describe('an address without a scheme, or with a foreign one', () => {
  const secure = (address: string) => `write it as wss://${address}, or as ws://${address} if it runs without TLS`;
  it.each([
    ['localhost:8642', 'write it as ws://localhost:8642'],
    ['127.0.0.1:8642', 'write it as ws://127.0.0.1:8642'],
    ['[::1]:8642', 'write it as ws://[::1]:8642'],
    ['tcp://localhost:8642', 'write it as ws://localhost:8642'],
    ['box.example:8642', secure('box.example:8642')],
    ['localhost.example', secure('localhost.example')],
    ['user:canary@10.0.0.7:8642', secure('10.0.0.7:8642')],
    ['', 'write it as ws://host:port, or wss://host:port with TLS'],
    ['no address', 'write it as ws://host:port, or wss://host:port with TLS'],
  ])('%j: %s', (address, remedy) => {
    expect(() => parseEdgeAddress(address)).toThrow(expect.objectContaining({ code: 'bad-argument', remedy }));
  });
});
