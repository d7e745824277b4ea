import { expect, it } from 'vitest';
import { open } from './codec.fixture.ts';
import type { DeviceMessage, EdgeMessage } from './messages.ts';
import { byteWire, sizedWire } from './wire.ts';

const account = { steps: 4, draftRows: 200, acceptedRows: 3, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };

/** The messages of one connection, of both sides, in order. */
const said: readonly (readonly ['device', DeviceMessage] | readonly ['edge', EdgeMessage])[] = [
  ['device', open],
  ['edge', { kind: 'commit', first: 4, branch: 0, accepted: 0, tokens: [40_000] }],
  ['device', { kind: 'draft', branch: 1, first: 5, tokens: [1, 2, 3] }],
  ['device', { kind: 'draft', branch: 1, first: 8, tokens: Array.from({ length: 70 }, () => 200) }],
  ['device', { kind: 'verify', length: 5 }],
  ['edge', { kind: 'commit', first: 5, branch: 1, accepted: 2, tokens: [7] }],
  ['edge', { kind: 'commit', first: 8, branch: 0, accepted: 0, tokens: [7, 8, 9] }],
  ['device', { kind: 'draft', branch: 2, first: 11, tokens: [4] }],
  ['device', { kind: 'ack', length: 300 }],
  ['device', { kind: 'ping', stamp: 12_345 }],
  ['edge', { kind: 'pong', stamp: 12_345 }],
  ['edge', { kind: 'end', reason: 'end-token', length: 11, account }],
  ['device', { kind: 'bye' }],
];

it('carries the same messages in frames of the same length, encoded or not', () => {
  const bytes = { device: byteWire.device(), edge: byteWire.edge() };
  const sized = { device: sizedWire.device(), edge: sizedWire.edge() };
  for (const [side, message] of said) {
    const [real, stand] =
      side === 'device'
        ? [bytes.device.pack(message), sized.device.pack(message)]
        : [bytes.edge.pack(message), sized.edge.pack(message)];
    const other = side === 'device' ? 'edge' : 'device';
    expect(stand.length, message.kind).toBe(real.length);
    expect(sized[other].unpack(stand), message.kind).toEqual(message);
    expect(bytes[other].unpack(real), message.kind).toEqual(message);
  }
});
