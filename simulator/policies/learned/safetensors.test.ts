// Files of weights: a written file reads back the same, and a bad file is refused with a message.

import { describe, expect, it } from 'vitest';
import { isOutriderError } from '../../../src/core/basics/errors.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { readActor, writeActor } from './actor-file.ts';
import { featureCount } from './describe-slot.ts';
import { drawActor } from './learned-actor.fixture.ts';
import { readTensors, type StoredTensor, writeTensors } from './safetensors.ts';

const sample = new Map<string, StoredTensor>([
  ['bytes', { shape: [3], values: Uint8Array.of(1, 2, 3) }],
  ['floats', { shape: [2, 2], values: Float32Array.of(1, -2, 0.5, 0) }],
  ['doubles', { shape: [], values: Float64Array.of(1 / 3) }],
  ['whole', { shape: [2], values: Int32Array.of(-1, 7) }],
  ['empty', { shape: [0, 4], values: new Float32Array(0) }],
]);

/** A file with this header and this many bytes of numbers. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  return bytes;
}

const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };

describe('safetensors', () => {
  it('reads what it wrote', () => {
    const { tensors, metadata } = readTensors(writeTensors({ tensors: sample, metadata: { made: 'here' } }), 'it');
    expect(metadata).toEqual({ made: 'here' });
    for (const [name, one] of sample) expect(tensors.get(name)).toEqual(one);
    expect(tensors.size).toBe(sample.size);
  });

  it('reads a file as the format describes it', () => {
    const bytes = fileOf({ a: entry, b: { dtype: 'U8', shape: [2], data_offsets: [4, 6] } }, 6);
    bytes.set([0, 0, 128, 63, 9, 8], bytes.length - 6);
    const { tensors } = readTensors(bytes, 'it');
    expect(tensors.get('a')?.values).toEqual(Float32Array.of(1));
    expect(tensors.get('b')?.values).toEqual(Uint8Array.of(9, 8));
  });

  it.each([
    ['nothing', new Uint8Array(3), /fewer than a header/],
    ['a header longer than the file', Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 0, 1), /header should have 200/],
    ['a huge header', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 1), /which it can't/],
    ['no JSON', fileOf('{', 0), /no JSON/],
    ['a list', fileOf([], 0), /no JSON object/],
    ['a foreign dtype', fileOf({ a: { ...entry, dtype: 'BF16' } }, 4), /dtype "BF16"/],
    ['a name of Object', fileOf({ a: { ...entry, dtype: 'constructor' } }, 4), /dtype "constructor"/],
    ['no shape', fileOf({ a: { ...entry, shape: [-1] } }, 4), /has no shape/],
    ['another size', fileOf({ a: { ...entry, shape: [2] } }, 4), /takes 8 bytes, and has 4/],
    ['an array beyond the end', fileOf({ a: { ...entry, data_offsets: [4, 8] } }, 4), /beyond the end/],
    ['a hole', fileOf({ a: { ...entry, data_offsets: [4, 8] } }, 8), /holes/],
    ['an overlap', fileOf({ a: entry, b: { ...entry, data_offsets: [2, 6] } }, 6), /overlap/],
    ['bytes after the end', fileOf({ a: entry }, 5), /end at byte 4 of 5/],
    ['metadata that are no texts', fileOf({ __metadata__: { a: 1 }, b: entry }, 4), /metadata/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readTensors(bytes, 'it')).toThrow(message);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s', (bad) => {
    const tensors = new Map([['a', { shape: [2], values: Float32Array.of(1, bad) }]]);
    expect(() => readTensors(writeTensors({ tensors, metadata: {} }), 'it')).toThrow(/"a" holds .* at 1/);
  });

  it('always fails with a message, whatever is damaged', () => {
    const whole = writeActor(drawActor('pairs', 'tma-masac', 1), { command: 'test' });
    const random = createRandom(11);
    for (let round = 0; round < 300; round++) {
      const bytes = whole.slice(0, round % 3 === 0 ? random.integer(whole.length) : whole.length);
      for (let hit = 0; hit < 3 && bytes.length > 0; hit++)
        bytes[random.integer(Math.min(bytes.length, 900))] = random.integer(256);
      try {
        readActor(bytes, 'it');
      } catch (error) {
        expect(isOutriderError(error) && error.code).toBe('weights-unreadable');
      }
    }
  });
});

describe('files of actors', () => {
  it.each(['pairs', 'flat'] as const)('hold an actor of network %s', (network) => {
    const actor = drawActor(network, 'tma-masac', 4);
    expect(readActor(writeActor(actor, { command: 'test' }), 'it')).toEqual(actor);
  });

  it.each([
    ['no network', { network: 'deep' }, [], /network "deep" is not known/],
    ['no variant', { variant: 'none' }, [], /variant "none" is not known/],
    ['an array less', {}, ['actor.own'], /no "actor.own"/],
    ['the scale missing', {}, ['input.centre'], /no "input.centre"/],
  ])('are refused with %s', (_, metadata, without, message) => {
    const file = readTensors(writeActor(drawActor('pairs', 'tma-masac', 1), {}), 'it');
    const tensors = new Map([...file.tensors].filter(([name]) => !(without as string[]).includes(name)));
    const bytes = writeTensors({ tensors, metadata: { ...file.metadata, ...metadata } });
    expect(() => readActor(bytes, 'it')).toThrow(message);
  });

  it('of the flat network have as many devices as their last biases have whole parts for', () => {
    const file = readTensors(writeActor(drawActor('flat', 'tma-masac', 1), {}), 'it');
    const outBias = file.tensors.get('actor.outBias') as StoredTensor;
    for (const more of [1, 3]) {
      const values = new Float32Array(outBias.values.length + more);
      const tensors = new Map([...file.tensors, ['actor.outBias', { shape: [values.length], values }]]);
      const bytes = writeTensors({ tensors, metadata: file.metadata });
      const message = `"actor.outBias" has shape [${values.length}], not [${outBias.values.length}]`;
      expect(() => readActor(bytes, 'it')).toThrow(message);
    }
  });

  it('are refused with an array of another shape, dtype or sign', () => {
    const file = readTensors(writeActor(drawActor('pairs', 'tma-masac', 1), {}), 'it');
    const withOne = (name: string, one: StoredTensor): Uint8Array =>
      writeTensors({ tensors: new Map([...file.tensors, [name, one]]), metadata: file.metadata });
    const wrongShape = withOne('actor.own', { shape: [25], values: new Float32Array(25) });
    expect(() => readActor(wrongShape, 'it')).toThrow(/"actor.own" has shape \[25\], not \[5, 5\]/);
    const wrongDtype = withOne('actor.bias2', { shape: [5], values: new Float64Array(5) });
    expect(() => readActor(wrongDtype, 'it')).toThrow(/not of dtype F32/);
    for (const bad of [0, -1, Number.NaN]) {
      const values = new Float32Array(featureCount).fill(1).fill(bad, 2, 3);
      const deviation = withOne('input.deviation', { shape: [featureCount], values });
      expect(() => readActor(deviation, 'it')).toThrow(Number.isNaN(bad) ? /input.deviation/ : /not above 0/);
    }
  });
});
