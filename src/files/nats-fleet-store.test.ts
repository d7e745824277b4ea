import { describe, expect, it } from 'vitest';
import { parseNatsAddress } from './nats-fleet-store.ts';

describe('the address of a store on NATS', () => {
  it.each([
    ['nats://127.0.0.1:4222', { servers: ['127.0.0.1:4222'], bucket: 'outrider', isTls: false }],
    ['tls://a:1,b:2,c:3/factory-2/', { servers: ['a:1', 'b:2', 'c:3'], bucket: 'factory-2', isTls: true }],
    ['nats://box', { servers: ['box'], bucket: 'outrider', isTls: false }],
  ])('%s', (url, address) => {
    expect(parseNatsAddress(url)).toEqual(address);
  });

  it.each(['', 'memory', 'nats://', 'http://a:1', 'nats://a:1/b/c', 'nats://a:1/*', 'nats://a b'])(
    'is not "%s"',
    (url) => {
      expect(() => parseNatsAddress(url)).toThrow(/is no address of a store/);
    },
  );

  it('has no password, and none is shown', () => {
    expect(() => parseNatsAddress('nats://me:secret@a:1')).toThrow(/^(?!.*secret)/);
  });
});
