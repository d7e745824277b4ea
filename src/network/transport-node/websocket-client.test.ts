import { describe, expect, it } from 'vitest';
import { unreachable } from './websocket-client.ts';

const failure = (code: string) =>
  unreachable(new URL('wss://box.example:8642'), Object.assign(new Error(code), { code }));

describe('a certificate that is not valid now', () => {
  it('is told as what it is, with what to do', () => {
    const expired = failure('CERT_HAS_EXPIRED');
    expect(expired).toMatchObject({ code: 'certificate-untrusted', remedy: expect.stringContaining('renew it') });
    expect(expired.message).toBe('wss://box.example:8642/ is not trusted: its certificate has expired');
    expect(failure('CERT_NOT_YET_VALID').remedy).toContain('clock');
    expect(failure('DEPTH_ZERO_SELF_SIGNED_CERT').remedy).toContain('fingerprint');
  });
});

describe('a peer of another version', () => {
  it.each([
    ['edge', 'run the same version of outrider on device and edge'],
    ['controller', 'run the same version of outrider on both sides'],
  ] as const)('is reported with where to change it: %s', (peer, remedy) => {
    const error = new Error('Server sent no subprotocol');
    const reported = unreachable(new URL('ws://box.example:8642'), error, peer);
    expect(reported).toMatchObject({ code: 'version-mismatch', remedy });
  });
});
