import { describe, expect, it } from 'vitest';
import { distrust } from './pinned-certificate.ts';
import { unreachable } from './websocket-client.ts';

const failure = (code: string) => distrust('wss://box.example:8642/', code, 'ab12');

describe('a certificate that is not valid now', () => {
  it('is told as what it is, with what to do', () => {
    const expired = failure('CERT_HAS_EXPIRED');
    expect(expired).toMatchObject({ code: 'certificate-untrusted', remedy: expect.stringContaining('renew it') });
    expect(expired.message).toBe('wss://box.example:8642/ is not trusted: its certificate has expired');
    expect(failure('CERT_NOT_YET_VALID').remedy).toContain('clock');
    expect(failure('DEPTH_ZERO_SELF_SIGNED_CERT').remedy).toContain('fingerprint');
  });

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'is self-signed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'is for another name'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'is signed by no authority that this machine trusts'],
  ])('or not trusted for %s: in words, with its fingerprint and where to compare it', (code, words) => {
    const { message, remedy } = failure(code);
    expect(message).toBe(
      `wss://box.example:8642/ is not trusted: its certificate ${words} (${code}), and has the fingerprint ab12`,
    );
    expect(remedy).toMatch(/^compare .* on its own screen; if it is the same, add --edge-fingerprint ab12$/);
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
