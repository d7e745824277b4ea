import { describe, expect, it } from 'vitest';
import { resolveListenAddress } from './listen-address.ts';

describe('an address to listen on', () => {
  it.each(['127.0.0.1', '127.5.6.7', '::1', 'localhost', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1'])(
    '%s is reached by this machine only',
    async (host) => expect(await resolveListenAddress(host)).toMatchObject({ isLoopback: true }),
  );

  it.each(['0.0.0.0', '::', '0', '192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', '128.0.0.1', '127::1', 'fe80::1'])(
    '%s is reached by others',
    async (host) => expect(await resolveListenAddress(host)).toMatchObject({ isLoopback: false }),
  );

  it.each(['', '127.0.0.1.evil.invalid', '127.evil.invalid', 'localhost.evil.invalid', 'a b'])(
    '%j is none',
    async (host) => expect(resolveListenAddress(host)).rejects.toMatchObject({ code: 'bad-argument' }),
  );
});
