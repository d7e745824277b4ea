// Each end decodes the frames of the other end, and other bytes are refused with a code; golden-frames.test.ts has those of the page.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOutriderError, OutriderError } from '../../basics/errors.ts';
import { bothEnds, hello, open } from './codec.fixture.ts';
import { DeviceCodec, EdgeCodec } from './codec.ts';
import { limits } from './limits.ts';
import type { DeviceMessage, EdgeMessage } from './messages.ts';

describe('messages with random contents', () => {
  const ids = fc.array(fc.nat({ max: limits.maxId }), { minLength: 1, maxLength: 100 });

  it('are decoded by the edge without change', () => {
    const branches = fc.array(fc.record({ isNew: fc.boolean(), first: fc.nat({ max: 5000 }), tokens: ids }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(branches, (steps) => {
        const { device, edge } = bothEnds();
        let branch = 0;
        let end = 0;
        for (const { isNew, first, tokens } of steps) {
          if (isNew || branch === 0) [branch, end] = [branch + 1, first];
          const message: DeviceMessage = { kind: 'draft', branch, first: end, tokens };
          end += tokens.length;
          expect(edge.decode(device.encode(message))).toEqual(message);
        }
      }),
    );
  });

  it('are decoded by the device without change', () => {
    const commit = fc.record({
      branchStep: fc.nat({ max: 3 }),
      accepted: fc.nat({ max: 80 }),
      tokens: fc.array(fc.nat({ max: limits.maxId }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(commit, { maxLength: 20 }), (commits) => {
        const { device, edge } = bothEnds();
        let first = 4;
        let branch = 0;
        for (const { branchStep, accepted, tokens } of commits) {
          if (accepted > 0) branch += branchStep;
          const message: EdgeMessage = { kind: 'commit', first, branch: accepted > 0 ? branch : 0, accepted, tokens };
          first += accepted + tokens.length;
          expect(device.decode(edge.encode(message))).toEqual(message);
        }
      }),
    );
  });

  it('are decoded without change also where times are unknown and numbers are large', () => {
    const { device, edge } = bothEnds();
    const silent: EdgeMessage = { ...hello, timing: { stepMs: null, edgeDraftMs: 5.25 } };
    for (const message of [silent, { kind: 'queued', ahead: 300 } as const]) {
      expect(device.decode(edge.encode(message))).toEqual(message);
    }
  });

  it('keep every character of a stop text', () => {
    const { device, edge } = bothEnds();
    const stopStrings = ['\uFEFFEND', '\u2028', '\0', '\uFEFF'];
    expect(edge.decode(device.encode({ ...open, stopStrings }))).toMatchObject({ stopStrings });
  });

  it('announce the times of eight steps or of none', () => {
    const helloWith = (stepMs: readonly number[]): Uint8Array =>
      new EdgeCodec().encode({ ...hello, timing: { stepMs, edgeDraftMs: null } });
    expect(() => helloWith([57.7, 61.1])).toThrow('another number of rows');
    const frame = helloWith(new Array(8).fill(0.001));
    // The last nine bytes: eight steps of a microsecond, and no draft.
    expect([...frame.slice(-9)]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0]);
    const gap = frame.map((byte, at) => (at === frame.length - 4 ? 0 : byte));
    expect(new DeviceCodec().decode(gap)).toMatchObject({ timing: { stepMs: null, edgeDraftMs: null } });
  });
});

describe('an attach', () => {
  const refuse = (credentials: string): void => {
    throw new OutriderError('unauthorized', `no key ${credentials}`, 'another one');
  };

  it('shows its key before anything else is read', () => {
    const frame = new DeviceCodec().encode({ ...open, credentials: 'abc' });
    // Cut behind version and credentials: the rest cannot have been read.
    expect(() => new EdgeCodec({ admit: refuse }).decode(frame.slice(0, 6))).toThrow('no key abc');
    expect(() => new EdgeCodec({ admit: refuse }).received(open)).toThrow('no key ');
  });

  it('of another version of the protocol is told so, whatever follows', () => {
    for (const version of [[1], [2], [4], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]]) {
      for (const kind of [0x01, 0x02]) {
        const decode = (): unknown => new EdgeCodec().decode(Uint8Array.of(kind, ...version, 9, 9));
        expect(decode).toThrow(expect.objectContaining({ code: 'version-mismatch' }));
      }
    }
  });
});

describe('padding', () => {
  const padded = { ...open, padding: 32 };
  const draft: DeviceMessage = { kind: 'draft', branch: 1, first: 4, tokens: [300] };

  it('gives all frames from the attach on lengths that are multiples of it, on both ways', () => {
    const { device, edge } = { device: new DeviceCodec(), edge: new EdgeCodec() };
    for (const message of [padded, draft, { kind: 'bye' } as const]) {
      const frame = device.encode(message);
      expect(frame.length % 32).toBe(0);
      expect(edge.decode(frame)).toEqual(message);
    }
    const commit: EdgeMessage = { kind: 'commit', first: 4, branch: 1, accepted: 1, tokens: [7] };
    const frame = edge.encode(commit);
    expect(frame.length).toBe(32);
    expect(device.decode(frame)).toEqual(commit);
  });

  it('is measured where frames are not encoded', () => {
    const device = new DeviceCodec();
    expect(device.measure(padded)).toBe(new DeviceCodec().encode(padded).length);
    expect(device.measure(draft)).toBe(32);
  });

  it('may be absent from frames that were sent before the edge knew of it', () => {
    const device = new DeviceCodec();
    device.encode(padded);
    expect(device.decode(new EdgeCodec().encode({ kind: 'ping', stamp: 5 }))).toEqual({ kind: 'ping', stamp: 5 });
  });

  it('has zeros only, and fewer than its length', () => {
    const { device, edge } = { device: new DeviceCodec(), edge: new EdgeCodec() };
    edge.decode(device.encode(padded));
    const bye = device.encode({ kind: 'bye' });
    expect(() => edge.decode(bye.map((byte, at) => (at === 9 ? 1 : byte)))).toThrow('other bytes than 0');
    expect(() => edge.decode(Uint8Array.of(...bye, 0))).toThrow('32 bytes too many');
    expect(() => new EdgeCodec().decode(Uint8Array.of(0x04, 0))).toThrow('too many');
  });
});

describe('grammars and logprobs', () => {
  const grammar = { kind: 'json-schema', text: '{"type":"object"}' } as const;
  const asked = [{ grammar }, { topLogprobs: 0 }, { grammar, topLogprobs: 20 }, {}];

  it.each([0, 64])('are asked for at the end of an open, with padding %d', (padding) => {
    for (const one of asked) {
      const message = { ...open, padding, ...one };
      expect(new EdgeCodec().decode(new DeviceCodec().encode(message))).toEqual(message);
    }
  });

  it('come with a commit, one for each of its tokens', () => {
    const { device, edge } = bothEnds();
    edge.decode(device.encode({ kind: 'draft', branch: 1, first: 4, tokens: [9, 8] }));
    const logprobs = [
      { logprob: Math.fround(-0.1), top: [{ id: 9, logprob: Math.fround(-0.1) }] },
      { logprob: Math.fround(-2.5), top: [] },
    ];
    const commit: EdgeMessage = { kind: 'commit', first: 4, branch: 1, accepted: 1, tokens: [7], logprobs };
    expect(device.decode(edge.encode(commit))).toEqual(commit);
    const wrong = { ...commit, logprobs: logprobs.map((one) => ({ ...one, logprob: 0.5 })) };
    expect(() => bothEnds().device.decode(bothEnds().edge.encode({ ...wrong, accepted: 0, tokens: [7, 8] }))).toThrow(
      /no logarithm/,
    );
  });
});

describe('bytes that are no frame', () => {
  const refusedOrRead = (read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      expect(isOutriderError(error) && error.code).toMatch(/^(protocol-error|version-mismatch)$/);
    }
  };

  it('are refused with an error code, never with another exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        refusedOrRead(() => bothEnds().edge.decode(bytes));
        refusedOrRead(() => bothEnds().device.decode(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused when one bit or the length of a valid frame is wrong', () => {
    const frame = new DeviceCodec().encode(open);
    fc.assert(
      fc.property(fc.nat({ max: frame.length - 1 }), fc.nat({ max: 7 }), fc.boolean(), (index, bit, cut) => {
        const bytes = cut ? frame.slice(0, index) : frame.map((byte, at) => (at === index ? byte ^ (1 << bit) : byte));
        refusedOrRead(() => new EdgeCodec().decode(bytes));
      }),
    );
    expect(() => new EdgeCodec().decode(new Uint8Array([...frame, 0]))).toThrow(/ask for nothing/);
    const asking = new DeviceCodec().encode({ ...open, topLogprobs: 0 });
    expect(() => new EdgeCodec().decode(new Uint8Array([...asking, 0]))).toThrow(/ask for nothing/);
    const targeted = new DeviceCodec().encode({ ...open, targetMsPerToken: 80 });
    expect(() => new EdgeCodec().decode(new Uint8Array([...targeted, 0]))).toThrow(/too many/);
  });

  it('are refused when they are too long, or shorter than their counts say', () => {
    const { edge } = bothEnds();
    expect(() => edge.decode(new Uint8Array(limits.deviceFrameBytes + 1).fill(0x80))).toThrow(/at most/);
    expect(() => edge.decode(new Uint8Array([0x10, 1, 0xff, 0x03, 0, 1]))).toThrow(/announces more/);
    expect(() => edge.decode(new Uint8Array([0x03, 0x80, 0x00]))).toThrow(/longer than it needs/);
    expect(() => bothEnds().edge.decode(new Uint8Array([0x81, 1]))).toThrow(/before any branch/);
    expect(() => edge.decode(new Uint8Array([0x10, 3, 1, 0, 9]))).toThrow(/a flag is 3/);
    for (const head of [0xc0, 0xe0])
      expect(() => bothEnds().device.decode(new Uint8Array([head]))).toThrow(/without tokens/);
  });
});
