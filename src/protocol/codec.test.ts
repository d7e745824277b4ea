// Each end decodes the frames of the other end, other bytes are refused with a code, and the bytes in docs/protocol.md are right.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOutriderError, OutriderError } from '../basics/errors.ts';
import { neutralSampling } from '../decoding/sampling.ts';
import { DeviceCodec, EdgeCodec } from './codec.ts';
import { limits } from './limits.ts';
import { type DeviceMessage, type EdgeMessage, type OpenMessage, protocolVersion } from './messages.ts';

const open: OpenMessage = {
  kind: 'open',
  version: protocolVersion,
  session: '000102030405060708090a0b0c0d0e0f',
  conversation: 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
  attempt: 1,
  credentials: '',
  padding: 0,
  tokenizerHash: 'ab'.repeat(32),
  mode: 'stream',
  sampling: { ...neutralSampling, temperature: 0.5, logitBias: [[7, -1]], seed: 42n },
  stopStrings: ['END'],
  maxAnswerTokens: 64,
  flowControlWindow: 256,
  maxAhead: 24,
  prompt: [1, 300, 20000],
  answer: [5],
};

const hello: EdgeMessage = {
  kind: 'hello',
  version: protocolVersion,
  model: 'm',
  fingerprint: 'f',
  tokenizerHash: 'ab'.repeat(32),
  vocabularySize: 49152,
  contextLength: 2048,
  timing: { stepMs: [57.7, 57.7, 57.7, 57.7, 61.125, 61.125, 61.125, 61.125], edgeDraftMs: null },
};

function bothEnds(): { device: DeviceCodec; edge: EdgeCodec } {
  const ends = { device: new DeviceCodec(), edge: new EdgeCodec() };
  ends.edge.decode(ends.device.encode(open));
  return ends;
}

type Line = { readonly up: DeviceMessage } | { readonly down: EdgeMessage };

const resume: DeviceMessage = {
  kind: 'resume',
  version: protocolVersion,
  credentials: 'key',
  padding: 0,
  session: open.session,
  attempt: 2,
  length: 8,
};

const drafts = Array.from({ length: 64 }, (_, index) => index + 1);

/** The frames of three connections, in order: the examples in docs/protocol.md, by their headings. */
const scripts: Readonly<Record<string, readonly Line[]>> = {
  'A connection': [
    { down: hello },
    { up: open },
    { up: { kind: 'draft', branch: 1, first: 4, tokens: [10] } },
    { up: { kind: 'draft', branch: 1, first: 5, tokens: [11, 3000] } },
    { down: { kind: 'commit', first: 4, branch: 0, accepted: 0, tokens: [10] } },
    { down: { kind: 'commit', first: 5, branch: 1, accepted: 1, tokens: [12] } },
    { up: { kind: 'draft', branch: 2, first: 7, tokens: [13] } },
    { down: { kind: 'commit', first: 7, branch: 2, accepted: 1, tokens: [] } },
    { down: { kind: 'commit', first: 8, branch: 0, accepted: 0, tokens: [14, 15, 16] } },
    { up: { kind: 'ack', length: 11 } },
    { up: { kind: 'verify', length: 11 } },
    { up: { kind: 'ping', stamp: 200 } },
    { down: { kind: 'pong', stamp: 200 } },
    {
      down: {
        kind: 'end',
        reason: 'length',
        length: 11,
        account: { steps: 4, draftRows: 3, acceptedRows: 2, edgeDraftRows: 1, acceptedEdgeDraftRows: 0 },
      },
    },
    { up: { kind: 'bye' } },
  ],
  'A resumed connection': [
    {
      down: {
        ...hello,
        model: 'größer',
        fingerprint: '0f',
        timing: { stepMs: [10, 11, 12, 13, 14, 15, 16, 17], edgeDraftMs: 2.5 },
      },
    },
    { up: resume },
    { down: { kind: 'queued', ahead: 3 } },
    { down: { kind: 'commit', first: 8, branch: 0, accepted: 0, tokens: [14, 15] } },
    { up: { kind: 'draft', branch: 1, first: 10, tokens: drafts } },
    { up: { kind: 'draft', branch: 1, first: 74, tokens: new Array(64).fill(7) } },
    { down: { kind: 'commit', first: 10, branch: 1, accepted: 40, tokens: [300] } },
    { up: { kind: 'draft', branch: 2, first: 9, tokens: [15, 1] } },
    { up: { kind: 'draft', branch: 3, first: 51, tokens: [20, 21, 22, 23, 24, 25] } },
    { down: { kind: 'commit', first: 51, branch: 3, accepted: 1, tokens: [] } },
    { down: { kind: 'commit', first: 52, branch: 3, accepted: 2, tokens: [] } },
    { down: { kind: 'commit', first: 54, branch: 3, accepted: 1, tokens: [77] } },
    { up: { kind: 'draft', branch: 4, first: 56, tokens: [30, 31, 32] } },
    { down: { kind: 'commit', first: 56, branch: 4, accepted: 2, tokens: [78] } },
    { up: { kind: 'draft', branch: 5, first: 59, tokens: [40, 41] } },
    { down: { kind: 'commit', first: 59, branch: 5, accepted: 2, tokens: [] } },
    { down: { kind: 'ping', stamp: 0 } },
    { up: { kind: 'pong', stamp: 0 } },
    { down: { kind: 'refused', code: 'internal', cause: 'a cause', remedy: 'a remedy' } },
  ],
  'A padded connection': [
    { down: hello },
    { up: { ...resume, credentials: '', padding: 16, attempt: 3 } },
    { down: { kind: 'gone' } },
    { up: { ...open, padding: 16, attempt: 4 } },
    { down: { kind: 'commit', first: 4, branch: 0, accepted: 0, tokens: [10] } },
    { up: { kind: 'draft', branch: 1, first: 5, tokens: [12] } },
    { down: { kind: 'commit', first: 5, branch: 1, accepted: 1, tokens: [] } },
    { up: { kind: 'bye' } },
  ],
};

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('a connection', () => {
  it.each(Object.entries(scripts))('carries every message: %s', (_, script) => {
    const ends = { device: new DeviceCodec(), edge: new EdgeCodec() };
    for (const line of script) {
      if ('up' in line) expect(ends.edge.decode(ends.device.encode(line.up))).toEqual(line.up);
      else expect(ends.device.decode(ends.edge.encode(line.down))).toEqual(line.down);
    }
  });

  it.each(Object.entries(scripts))('has the bytes in docs/protocol.md: %s', (heading, script) => {
    const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split(`\n### ${heading}\n`);
    const [table = ''] = section.split(/\n##+ /);
    const shown = [...table.matchAll(/^\| (device|edge) \| .* \| `([0-9a-f]+)` \|$/gm)].map(([, ...cells]) => cells);
    const ends = { device: new DeviceCodec(), edge: new EdgeCodec() };
    const frames = script.map((line) => {
      const bytes = 'up' in line ? ends.device.encode(line.up) : ends.edge.encode(line.down);
      if ('up' in line) ends.edge.decode(bytes);
      else ends.device.decode(bytes);
      return ['up' in line ? 'device' : 'edge', hex(bytes)];
    });
    expect(shown).toEqual(frames);
  });

  it('takes one byte and the id for a draft that extends a branch', () => {
    const { device } = bothEnds();
    device.encode({ kind: 'draft', branch: 1, first: 4, tokens: [10] });
    expect(device.encode({ kind: 'draft', branch: 1, first: 5, tokens: [100] })).toHaveLength(2);
  });
});

describe('messages with random contents', () => {
  const ids = fc.array(fc.nat({ max: limits.maxId }), { minLength: 1, maxLength: 100 });

  it('are decoded by the edge without change', () => {
    const branches = fc.array(fc.record({ isNew: fc.boolean(), first: fc.nat({ max: 5000 }), tokens: ids }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(branches, (steps) => {
        const { device, edge } = bothEnds();
        let [branch, end] = [0, 0];
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
        let [first, branch] = [4, 0];
        for (const { branchStep, accepted, tokens } of commits) {
          if (accepted > 0) branch += branchStep;
          const message: EdgeMessage = { kind: 'commit', first, branch: accepted > 0 ? branch : 0, accepted, tokens };
          first += accepted + tokens.length;
          expect(device.decode(edge.encode(message))).toEqual(message);
        }
      }),
    );
  });

  it('are decoded without change as open, hello, refused and resume', () => {
    const { device, edge } = bothEnds();
    const silent: EdgeMessage = { ...hello, timing: { stepMs: null, edgeDraftMs: 5.25 } };
    const refused: EdgeMessage = { kind: 'refused', code: 'edge-full', cause: 'ä', remedy: 'b' };
    for (const message of [
      hello,
      silent,
      refused,
      { kind: 'gone' } as const,
      { kind: 'queued', ahead: 300 } as const,
    ]) {
      expect(device.decode(edge.encode(message))).toEqual(message);
    }
    const resume: DeviceMessage = {
      kind: 'resume',
      version: protocolVersion,
      credentials: 'key',
      padding: 0,
      session: '11'.repeat(16),
      attempt: 9,
      length: 70,
    };
    expect(edge.decode(device.encode(resume))).toEqual(resume);
  });

  it('announce the times of eight steps or of none', () => {
    const told = (stepMs: readonly number[]): Uint8Array =>
      new EdgeCodec().encode({ ...hello, timing: { stepMs, edgeDraftMs: null } });
    expect(() => told([57.7, 61.1])).toThrow('another number of rows');
    const frame = told(new Array(8).fill(0.001));
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
    expect(() => new EdgeCodec(refuse).decode(frame.slice(0, 6))).toThrow('no key abc');
    expect(() => new EdgeCodec(refuse).received(open)).toThrow('no key ');
  });

  it('of another version of the protocol is told so, whatever follows', () => {
    for (const version of [[1], [3], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]]) {
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

  it('is at most 1,024 bytes', () => {
    expect(() => new EdgeCodec().decode(new DeviceCodec().encode({ ...open, padding: 1025 }))).toThrow('at most 1024');
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
    expect(() => new EdgeCodec().decode(new Uint8Array([...frame, 0]))).toThrow(/too many/);
  });

  it('are refused when they are too long, or shorter than their counts say', () => {
    const { edge } = bothEnds();
    expect(() => edge.decode(new Uint8Array(limits.deviceFrameBytes + 1).fill(0x80))).toThrow(/at most/);
    expect(() => edge.decode(new Uint8Array([0x10, 1, 0xff, 0x03, 0, 1]))).toThrow(/announces more/);
    expect(() => edge.decode(new Uint8Array([0x03, 0x80, 0x00]))).toThrow(/longer than it needs/);
    expect(() => bothEnds().edge.decode(new Uint8Array([0x81, 1]))).toThrow(/before any branch/);
    expect(() => edge.decode(new Uint8Array([0x10, 2, 1, 0, 9]))).toThrow(/a flag is 2/);
    for (const head of [0xc0, 0xe0])
      expect(() => bothEnds().device.decode(new Uint8Array([head]))).toThrow(/without tokens/);
  });
});

describe('each limit', () => {
  /** What the other end makes of a message. */
  const toEdge = (message: DeviceMessage, ends = bothEnds()): DeviceMessage =>
    ends.edge.decode(ends.device.encode(message));
  const toDevice = (message: EdgeMessage, ends = bothEnds()): EdgeMessage =>
    ends.device.decode(ends.edge.encode(message));
  const tokens = (count: number): number[] => new Array(count).fill(5);
  const opening = (changes: Partial<OpenMessage>) => (): unknown => {
    const message = { ...open, ...changes };
    expect(new EdgeCodec().decode(new DeviceCodec().encode(message))).toEqual(message);
    return message;
  };

  it.each<[string, Partial<OpenMessage>, Partial<OpenMessage>]>([
    ['the window, from below', { flowControlWindow: 16 }, { flowControlWindow: 15 }],
    ['the window, from above', { flowControlWindow: 65_536 }, { flowControlWindow: 65_537 }],
    ['the lead', { maxAhead: 512 }, { maxAhead: 513 }],
    ['padding', { padding: 1024 }, { padding: 1025 }],
    ['the answer', { maxAnswerTokens: 262_144 }, { maxAnswerTokens: 262_145 }],
    ['the prompt, from below', { prompt: [1] }, { prompt: [] }],
    ['an id', { prompt: [0x3fffff] }, { prompt: [0x400000] }],
    ['credentials', { credentials: 'x'.repeat(1024) }, { credentials: 'x'.repeat(1025) }],
    ['the number of stop strings', { stopStrings: ['a', 'b', 'c', 'd'] }, { stopStrings: ['a', 'b', 'c', 'd', 'e'] }],
    ['the length of a stop string', { stopStrings: ['é'.repeat(32)] }, { stopStrings: [`${'é'.repeat(32)}x`] }],
    [
      'the number of biases',
      { sampling: { ...neutralSampling, logitBias: Array.from({ length: 300 }, (_, id) => [id, id / 2]) } },
      { sampling: { ...neutralSampling, logitBias: Array.from({ length: 301 }, (_, id) => [id, 1]) } },
    ],
  ])('of an opening is the last that is taken: %s', (_name, most, more) => {
    expect(opening(most)).not.toThrow();
    expect(opening(more)).toThrow(expect.objectContaining({ code: 'protocol-error' }));
  });

  it('of a frame of a device: 4,096 bytes, and 1 MiB for an opening', () => {
    const draft = (count: number): DeviceMessage => ({ kind: 'draft', branch: 1, first: 4, tokens: tokens(count) });
    expect(toEdge(draft(512))).toEqual(draft(512));
    expect(() => toEdge(draft(513))).toThrow('at most 512');
    const padded = bothEnds();
    const spaced = new Uint8Array(4096).fill(0);
    spaced[0] = 0x04;
    // As long as a frame may be: then the padding is judged.
    expect(() => padded.edge.decode(spaced)).toThrow('4095 bytes too many');
    expect(() => padded.edge.decode(new Uint8Array(4097).fill(0x04))).toThrow('at most 4096 are allowed');
    const long = { ...open, prompt: new Array(10_000).fill(300) };
    expect(new EdgeCodec().decode(new DeviceCodec().encode(long))).toEqual(long);
    const full = new Uint8Array(1_048_577).fill(0x01);
    expect(() => new EdgeCodec().decode(full)).toThrow('at most 1048576 are allowed');
    expect(() => new EdgeCodec().decode(full.slice(1))).not.toThrow('at most 1048576 are allowed');
  });

  it('of a frame of an edge: 1 MiB, and nothing after its end', () => {
    const frame = new Uint8Array(1_048_577).fill(0);
    frame[0] = 0x42;
    expect(() => new DeviceCodec().decode(frame)).toThrow('a frame of 1048577 bytes');
    expect(() => new DeviceCodec().decode(frame.slice(0, -1))).toThrow('1048575 bytes too many');
    expect(() => new DeviceCodec().decode(Uint8Array.of(0x42, 0))).toThrow('1 bytes too many');
  });

  it('of a vocabulary: one more than the largest id', () => {
    const greeting = (vocabularySize: number): EdgeMessage => ({ ...hello, vocabularySize });
    expect(toDevice(greeting(0x400000))).toEqual(greeting(0x400000));
    expect(() => toDevice(greeting(0x400001))).toThrow('at most 4194304');
  });

  it('of short frames: 63 drafts and 31 accepted ones take one byte, one more takes more', () => {
    for (const branch of [1, 2]) {
      for (const [count, bytes] of [
        [63, 1],
        [64, 3],
      ] as const) {
        const ends = bothEnds();
        ends.edge.decode(ends.device.encode({ kind: 'draft', branch: 1, first: 4, tokens: [1] }));
        const message: DeviceMessage = { kind: 'draft', branch, first: 5, tokens: tokens(count) };
        const frame = ends.device.encode(message);
        // A new branch says where it starts.
        expect(frame).toHaveLength(bytes + count + (branch === 2 ? 1 : 0));
        expect(ends.edge.decode(frame)).toEqual(message);
      }
    }
    for (const [accepted, bytes] of [
      [31, 2],
      [32, 6],
    ] as const) {
      const ends = bothEnds();
      const message: EdgeMessage = { kind: 'commit', first: 4, branch: 1, accepted, tokens: [7] };
      const frame = ends.edge.encode(message);
      expect(frame).toHaveLength(bytes);
      expect(ends.device.decode(frame)).toEqual(message);
    }
  });

  it('of a draft: it has a token, and starts in the text', () => {
    for (const frame of [[0x80], [0xc0, 0], [0x10, 1, 0, 0]])
      expect(() => bothEnds().edge.decode(Uint8Array.from(frame))).toThrow('a draft frame without drafts');
    const at = (first: number): DeviceMessage => ({ kind: 'draft', branch: 1, first, tokens: [9] });
    expect(toEdge(at(0))).toEqual(at(0));
    expect(() => toEdge(at(-1))).toThrow('a draft starts before the text');
  });

  it('of a commit: it starts in the text', () => {
    const at = (first: number): EdgeMessage => ({ kind: 'commit', first, branch: 0, accepted: 0, tokens: [9] });
    for (const first of [0, 3, 5]) expect(toDevice(at(first))).toEqual(at(first));
    expect(() => toDevice(at(-1))).toThrow('a commit starts before the text');
  });
});

describe('an end of a connection', () => {
  it('sends no draft out of turn', () => {
    const draft = (branch: number, first: number, tokens: number[]): DeviceMessage => {
      return { kind: 'draft', branch, first, tokens };
    };
    for (const wrong of [draft(2, 4, [1]), draft(1, 4, []), draft(0, 5, [1])])
      expect(() => bothEnds().device.encode(wrong)).toThrow('draft out of turn');
    const { device } = bothEnds();
    device.encode(draft(1, 4, [1]));
    expect(() => device.encode(draft(1, 6, [1]))).toThrow('draft out of turn');
    expect(() => device.encode(draft(1, 5, []))).toThrow('draft out of turn');
    expect(device.encode(draft(1, 5, [1]))).toHaveLength(2);
  });

  it('adds what a device has to what it had', () => {
    const { device, edge } = bothEnds();
    for (const message of [
      { kind: 'verify', length: 9 },
      { kind: 'ack', length: 20 },
      { kind: 'verify', length: 21 },
    ] as const) {
      expect(edge.decode(device.encode(message))).toEqual(message);
    }
  });

  it('keeps the branch of accepted drafts over commits that accept none', () => {
    const { device, edge } = bothEnds();
    for (const message of [
      { kind: 'commit', first: 4, branch: 3, accepted: 1, tokens: [] },
      { kind: 'commit', first: 5, branch: 0, accepted: 0, tokens: [1] },
      { kind: 'commit', first: 6, branch: 4, accepted: 1, tokens: [2] },
    ] as const) {
      const frame = edge.encode({ ...message, tokens: [...message.tokens] });
      expect(device.decode(frame)).toEqual(message);
      if (message.first === 5) expect([...frame]).toEqual([0x80, 1]);
      if (message.first === 6) expect([...frame]).toEqual([0xa1, 2]);
    }
  });

  it('takes a refusal with a code that it does not know for a protocol error', () => {
    const frame = new EdgeCodec().encode({ kind: 'refused', code: 'edge-full', cause: 'a', remedy: 'b' });
    const other = frame.map((byte, at) => (at === 2 ? 'x'.charCodeAt(0) : byte));
    expect(new DeviceCodec().decode(other)).toEqual({
      kind: 'refused',
      code: 'protocol-error',
      cause: 'a',
      remedy: 'b',
    });
  });

  it('refuses modes and ends that it does not know', () => {
    const frame = new DeviceCodec().encode(open);
    const plain = new DeviceCodec().encode({ ...open, mode: 'sd' });
    const modeAt = frame.findIndex((byte, at) => byte !== plain[at]);
    const unknown = frame.map((byte, at) => (at === modeAt ? 99 : byte));
    expect(() => new EdgeCodec().decode(unknown)).toThrow('the mode is not one');
    const account = { steps: 0, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
    const end = new EdgeCodec().encode({ kind: 'end', reason: 'length', length: 4, account });
    expect(() => new DeviceCodec().decode(end.map((byte, at) => (at === 1 ? 4 : byte)))).toThrow('a known reason');
  });

  it('keeps the order of biases and stop strings', () => {
    const ordered: OpenMessage = {
      ...open,
      sampling: {
        ...neutralSampling,
        logitBias: [
          [9, 1],
          [3, 2],
        ],
      },
      stopStrings: ['b', 'a'],
    };
    expect(new EdgeCodec().decode(new DeviceCodec().encode(ordered))).toEqual(ordered);
  });

  it('learns the same from a message that was measured as from its bytes', () => {
    const shown: string[] = [];
    const edge = new EdgeCodec((credentials) => shown.push(credentials));
    const device = new DeviceCodec();
    for (const message of [
      { ...resume, padding: 0 },
      { kind: 'draft', branch: 1, first: 8, tokens: [1] },
    ] as const) {
      device.measure(message as DeviceMessage);
      edge.received(message as DeviceMessage);
    }
    expect(shown).toEqual(['key']);
    // Both know the branch by now.
    const next: DeviceMessage = { kind: 'draft', branch: 1, first: 9, tokens: [2] };
    expect(edge.decode(device.encode(next))).toEqual(next);
  });
});
