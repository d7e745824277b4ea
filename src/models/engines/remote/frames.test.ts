// Each frame of the rows protocol there and back, its bytes on the page for other implementations, and frames that lie.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FrameReader } from './frame-reader.ts';
import { decodeFrame, encodeFrame, type Frame, mostFrameBytes, mostRowsBytes, oneLine } from './frames.ts';

const item = { sequence: 3, keep: 40, rows: 2, ids: [7, 151_935, 9], asks: [] };
const ask = { row: 1, allowed: Uint32Array.of(0xffff_fffe, 5), beside: [2, 70_000], normalises: true };
const plainAsk = { row: 0, allowed: undefined, beside: undefined, normalises: true };
const row = { normaliser: 12.5, ids: [4, 9], logits: [2.25, -1.5] };

const golden: Readonly<Record<string, Frame>> = {
  hello: { kind: 'hello', version: 1, hello: { name: 'é' } },
  evaluate: { kind: 'evaluate', step: 258, items: [item] },
  'evaluate with asks': { kind: 'evaluate', step: 4_294_967_295, items: [{ ...item, asks: [plainAsk, ask] }] },
  rows: { kind: 'rows', step: 258, engineMicroseconds: 1500, rows: [row, { normaliser: 0, ids: [], logits: [] }] },
  release: { kind: 'release', sequence: 3 },
  failed: { kind: 'failed', step: 258, code: 'memory-full', cause: 'none' },
  abort: { kind: 'abort', step: 258 },
  working: { kind: 'working', step: 258 },
  encode: { kind: 'encode', number: 9, text: 'añ' },
  ids: { kind: 'ids', number: 9, ids: [1, 65_536] },
};

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function bodyOf(frame: Frame): Uint8Array {
  return encodeFrame(frame).subarray(4);
}

describe('frames of the rows protocol', () => {
  it('come back as they were sent', () => {
    for (const frame of Object.values(golden)) expect(decodeFrame(bodyOf(frame))).toEqual(frame);
    const marked: Frame = { kind: 'encode', number: 9, text: '\uFEFFa' };
    expect(decodeFrame(bodyOf(marked))).toEqual(marked);
    const unasked = { ...(golden['rows'] as Frame & { kind: 'rows' }), rows: [{ ...row, normaliser: Number.NaN }] };
    expect(decodeFrame(bodyOf(unasked))).toEqual(unasked);
  });

  it('have the bytes of the page', () => {
    const page = readFileSync('docs/internals/rows-protocol.md', 'utf8');
    const lines = Object.entries(golden).map(([name, frame]) => `| ${name} | \`${hexOf(encodeFrame(frame))}\` |`);
    expect(page.split('<!-- golden frames -->')[1]?.trim().split('\n').slice(2)).toEqual(lines);
  });

  it('that end early, go on, or name nothing are refused', () => {
    for (const frame of Object.values(golden)) {
      const body = bodyOf(frame);
      for (let length = 0; length < body.length; length += 1) {
        // Text and rows last to the end of a frame, so some prefixes are frames themselves.
        try {
          expect(decodeFrame(body.subarray(0, length)).kind).toBe(frame.kind);
        } catch (error) {
          expect(error).toMatchObject({ code: 'engine-refused' });
        }
      }
    }
    const wrong = ['', '63', '0401000000', '040100000022', '0702000000ff', '0301000000ff', '0001', '0001007b'];
    for (const hex of wrong) expect(() => decodeFrame(Buffer.from(hex, 'hex')), hex).toThrow('rows protocol');
  });

  it('with counts beyond their bytes are refused before anything is made of them', () => {
    const many = 'ffffffff';
    const head = `01${'00000000'}0100${'00000000'.repeat(2)}0000`;
    expect(() => decodeFrame(Buffer.from(`${head}${many}`, 'hex'))).toThrow('more ids than it holds');
    expect(() => decodeFrame(Buffer.from(`01${'00000000'}ffff`, 'hex'))).toThrow('middle of a field');
    expect(() => decodeFrame(Buffer.from(`02${'00000000'.repeat(2)}ffff${'00'.repeat(8)}`, 'hex'))).toThrow('more ids');
    expect(() => decodeFrame(bodyOf({ kind: 'evaluate', step: 1, items: [{ ...item, rows: 4 }] }))).toThrow(
      '4 rows of 3',
    );
    const beyond = { ...item, asks: [{ ...plainAsk, row: 2 }] };
    expect(() => decodeFrame(bodyOf({ kind: 'evaluate', step: 1, items: [beyond] }))).toThrow('an ask');
  });

  it('of another version keep their JSON closed', () => {
    expect(decodeFrame(Buffer.from('0002007b', 'hex'))).toEqual({ kind: 'hello', version: 2, hello: undefined });
  });

  it('of an answer are never longer than its limit', () => {
    const asks = [{ ...plainAsk, beside: [1, 2] }, ask];
    const full = (beside: number) => {
      const ids = Array.from({ length: 64 + 2 * beside }, (_, id) => id);
      return { normaliser: 1, ids, logits: ids };
    };
    const answer = bodyOf({ kind: 'rows', step: 1, engineMicroseconds: 0, rows: [full(2), full(2)] });
    expect(answer.length).toBe(mostRowsBytes([{ ...item, asks }]));
  });

  it('bring the words of a worker in one line', () => {
    expect(oneLine('a\n\tb\u001b[31m')).toBe('a b [31m');
    expect(oneLine('x'.repeat(1000))).toHaveLength(300);
  });
});

describe('the reader of frames', () => {
  const frames = Object.values(golden);
  const bytes = Buffer.concat(frames.map(encodeFrame));

  it('finds them in pieces of any size', () => {
    for (const size of [1, 2, 3, 5, 64, bytes.length]) {
      const reader = new FrameReader();
      const found: Frame[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        for (const body of reader.read(bytes.subarray(at, at + size), () => mostFrameBytes))
          found.push(decodeFrame(body));
      }
      expect(found).toEqual(frames);
    }
  });

  it('refuses a length over the limit at once', () => {
    const reader = new FrameReader();
    expect(() => [...reader.read(Uint8Array.of(0, 1, 0), () => 100)]).not.toThrow();
    expect(() => [...reader.read(Uint8Array.of(0), () => 100)]).toThrow('a frame of 256 bytes, where 100 are the most');
  });
});

describe('the golden frames with which workers in Python are tested', () => {
  const frames = JSON.parse(readFileSync('workers/rows/tests/golden.json', 'utf8')) as Record<string, string>[];
  const frameOf = (hex = ''): Frame => decodeFrame(Buffer.from(hex, 'hex').subarray(4));

  it.each(frames)('are the same bytes here: $name', ({ kind, hex }) => {
    expect(frameOf(hex).kind).toBe(kind);
    expect(hexOf(encodeFrame(frameOf(hex)))).toBe(hex);
  });

  it('are read as the same numbers', () => {
    const evaluated = frames.find(({ name }) => name === 'evaluate: two items, every ask');
    const asks = [
      { row: 0, allowed: Uint32Array.of(2_147_483_649, 3), beside: [65, 9], normalises: true },
      { row: 1, normalises: true },
    ];
    expect(frameOf(evaluated?.['hex'])).toMatchObject({
      step: 4_294_967_295,
      items: [
        { sequence: 2, keep: 7, ids: [5, 6], rows: 2, asks },
        { sequence: 1, keep: 70_000, ids: [151_935], asks: [{ row: 0, beside: [4], normalises: false }] },
      ],
    });
  });
});
