// Every limit of a frame at its boundary, and what each end takes from the other's messages.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../decoding/sampling.ts';
import { bothEnds, hello, open, resume } from './codec.fixture.ts';
import { DeviceCodec, EdgeCodec } from './codec.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage } from './messages.ts';

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
    ['likeliest tokens of a prompt', { promptLogprobs: 20 }, { promptLogprobs: 21 }],
    ['likeliest tokens', { topLogprobs: 20 }, { topLogprobs: 21 }],
    [
      'the window beside logprobs',
      { topLogprobs: 1, flowControlWindow: 4096 },
      { topLogprobs: 1, flowControlWindow: 4097 },
    ],
    [
      'a grammar',
      { grammar: { kind: 'ebnf', text: 'x'.repeat(65_536) } },
      { grammar: { kind: 'ebnf', text: 'x'.repeat(65_537) } },
    ],
    ['the target', { targetMsPerToken: 3_600_000 }, { targetMsPerToken: 3_600_000.001 }],
    ['an id', { prompt: [0x3fffff] }, { prompt: [0x400000] }],
    ['credentials', { credentials: 'x'.repeat(1024) }, { credentials: 'x'.repeat(1025) }],
    // Their order is kept.
    ['the number of stop strings', { stopStrings: ['d', 'a', 'c', 'b'] }, { stopStrings: ['a', 'b', 'c', 'd', 'e'] }],
    ['the length of a stop string', { stopStrings: ['é'.repeat(32)] }, { stopStrings: [`${'é'.repeat(32)}x`] }],
    [
      'the number of biases',
      { sampling: { ...neutralSampling, logitBias: Array.from({ length: 300 }, (_, id) => [300 - id, id / 2]) } },
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
      for (const count of [63, 64]) {
        const ends = bothEnds();
        ends.edge.decode(ends.device.encode({ kind: 'draft', branch: 1, first: 4, tokens: [1] }));
        const message: DeviceMessage = { kind: 'draft', branch, first: 5, tokens: tokens(count) };
        const frame = ends.device.encode(message);
        // A new branch says where it starts.
        expect(frame).toHaveLength((count === 63 ? 1 : 3) + count + (branch === 2 ? 1 : 0));
        expect(ends.edge.decode(frame)).toEqual(message);
      }
    }
    for (const accepted of [31, 32]) {
      const ends = bothEnds();
      const message: EdgeMessage = { kind: 'commit', first: 4, branch: 1, accepted, tokens: [7] };
      const frame = ends.edge.encode(message);
      expect(frame).toHaveLength(accepted === 31 ? 2 : 6);
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

describe('a frame with logprobs of a prompt', () => {
  const send = (first: number, count: number) => (): void => {
    const { device, edge } = bothEnds();
    const logprobs = new Array(count).fill({ logprob: -1, top: [] });
    const message: EdgeMessage = { kind: 'prompt-scored', first, logprobs };
    expect(device.decode(edge.encode(message))).toEqual(message);
  };

  it('has some, at most 1,024, and none of the first token', () => {
    expect(send(1, 1024)).not.toThrow();
    expect(send(1, 1025)).toThrow('at most 1024');
    expect(send(1, 0)).toThrow('of no token');
    expect(send(0, 1)).toThrow('of the first one');
  });
});

describe('an end of a connection', () => {
  it('sends no draft out of turn', () => {
    const draft = (branch: number, first: number, ...ids: number[]): DeviceMessage => {
      return { kind: 'draft', branch, first, tokens: ids };
    };
    for (const wrong of [draft(2, 4, 1), draft(1, 4), draft(0, 5, 1)])
      expect(() => bothEnds().device.encode(wrong)).toThrow('draft out of turn');
    const { device } = bothEnds();
    device.encode(draft(1, 4, 1));
    expect(() => device.encode(draft(1, 6, 1))).toThrow('draft out of turn');
    expect(() => device.encode(draft(1, 5))).toThrow('draft out of turn');
    expect(device.encode(draft(1, 5, 1))).toHaveLength(2);
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
    const refused = { kind: 'refused', code: 'protocol-error', cause: 'a', remedy: 'b' };
    expect(new DeviceCodec().decode(other)).toEqual(refused);
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

  it('learns the same from a message that was measured as from its bytes', () => {
    const shown: string[] = [];
    const edge = new EdgeCodec({ admit: (credentials) => void shown.push(credentials) });
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
