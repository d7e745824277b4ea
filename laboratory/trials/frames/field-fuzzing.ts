// Well-formed frames whose fields lie: values at and beyond every limit, in every combination. Damage by chance seldom gets past
// the codec; these do.

import { ByteWriter, writeFloat32 } from '../../../src/core/basics/bytes.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import { limits } from '../../../src/core/protocol/wire/limits.ts';
import { protocolVersion } from '../../../src/core/protocol/wire/messages.ts';
import { pick } from './mutations.ts';

/** Size of the toy's vocabulary. */
const vocabularySize = 49_152;
const ids: readonly number[] = [0, 1, 9, 300, vocabularySize - 1, vocabularySize, limits.maxId];
const counts: readonly number[] = [0, 1, 2, 5, 15, 16, 24, 40, 63, 64, 300, limits.draftTokens, limits.textTokens];
const differences: readonly number[] = [0, 0, 0, 1, -1, 2, -2, -5, -6, 40, -41, -100, 4096, -4096, 262_144, -262_144];
/** By how many numbers an alternative is older than the newest one. */
const alternativesBack: readonly number[] = [0, 0, 0, 1, 2, 5, 4096, 262_144];
const numbers: readonly number[] = [...counts, 4096, limits.maxId, 2 ** 32, Number.MAX_SAFE_INTEGER];
const finite: readonly number[] = [0, 1, -1, 1e-6, 5e-324, 10, 2, 100, -100, 1e300];
const floats: readonly number[] = [...finite, Number.NaN, Number.POSITIVE_INFINITY];

function someIds(random: Random, count: number): number[] {
  return Array.from({ length: Math.min(count, 600) }, () => pick(random, ids));
}

/** Mostly right, so that the fields behind them are read. */
function firstFields(random: Random, writer: ByteWriter): ByteWriter {
  writer.varint(random.uniform() < 0.9 ? protocolVersion : pick(random, numbers)).text('');
  return writer.varint(random.uniform() < 0.8 ? 0 : pick(random, counts));
}

type Lie = (random: Random, writer: ByteWriter, session: Uint8Array) => ByteWriter;

const deviceLies: readonly Lie[] = [
  function draft(random, writer) {
    const flag = random.integer(3);
    const count = pick(random, counts);
    writer.byte(0x10).byte(flag).varint(count);
    if (flag === 2) writer.varint(pick(random, alternativesBack));
    if (flag > 0) writer.signed(pick(random, differences));
    return writer.ids(someIds(random, count));
  },
  function alternative(random, writer) {
    const isNew = random.integer(2);
    const count = pick(random, counts);
    if (isNew === 1) writer.byte(0x11).varint(Math.abs(pick(random, differences)));
    else writer.byte(0x12).varint(pick(random, alternativesBack)).signed(pick(random, differences));
    return writer.varint(count).ids(someIds(random, count));
  },
  function shortAlternative(random, writer) {
    const count = random.integer(4) * 8;
    return writer.byte(0x20 | count).ids(someIds(random, count));
  },
  function shortDraft(random, writer) {
    const isNew = random.integer(2);
    const count = random.integer(8);
    writer.byte((isNew === 1 ? 0xc0 : 0x80) | count);
    if (isNew === 1) writer.signed(pick(random, differences));
    return writer.ids(someIds(random, count));
  },
  (random, writer) => writer.byte(0x03).varint(pick(random, numbers)),
  (random, writer) => writer.byte(pick(random, [0x05, 0x06])).varint(pick(random, numbers)),
  (_, writer) => writer.byte(0x04),
  (random, writer, session) =>
    firstFields(random, writer.byte(0x02)).raw(session).varint(pick(random, numbers)).varint(pick(random, numbers)),
  function open(random, writer, session) {
    // Its tokenizer is right in the recorded ones only; there the fields behind it are damaged.
    firstFields(random, writer.byte(0x01)).raw(session).raw(session).raw(session).varint(pick(random, numbers));
    writer.raw(new Uint8Array(32));
    writer.byte(random.integer(8));
    return sampling(random, writer)
      .varint(0)
      .varint(pick(random, numbers))
      .varint(16)
      .varint(24)
      .varint(random.integer(24))
      .varint(1)
      .varint(0)
      .varint(9);
  },
];

function sampling(random: Random, writer: ByteWriter): ByteWriter {
  writer.float64(pick(random, floats)).varint(pick(random, counts));
  for (let left = 5; left > 0; left -= 1) writer.float64(pick(random, floats));
  const biases = random.integer(3);
  writer.varint(biases);
  for (let left = biases; left > 0; left -= 1) writer.varint(pick(random, ids)).float64(pick(random, floats));
  return writer.uint64(BigInt(random.integer(1000)));
}

const edgeLies: readonly Lie[] = [
  function commit(random, writer) {
    const accepted = random.uniform() < 0.5 ? 0 : pick(random, counts);
    writer.byte(0x45).signed(pick(random, differences)).varint(accepted);
    if (accepted > 0) writer.signed(pick(random, differences));
    const count = random.uniform() < 0.8 ? random.integer(4) : pick(random, counts);
    return writer.varint(count).ids(someIds(random, count));
  },
  (random, writer) => writer.byte(0x80 | (random.uniform() < 0.5 ? 0 : random.integer(64))).varint(pick(random, ids)),
  (random, writer) => writer.byte(0xc0 | random.integer(64)),
  function end(random, writer) {
    writer
      .byte(0x44)
      .byte(random.integer(5))
      .varint(pick(random, [...numbers, 41, 45, 80]));
    for (let left = 5; left > 0; left -= 1) writer.varint(pick(random, numbers));
    return writer;
  },
  (random, writer) => writer.byte(pick(random, [0x05, 0x06])).varint(pick(random, numbers)),
  (_, writer) => writer.byte(0x42),
  (random, writer) => writer.byte(pick(random, [0x46, 0x49])).varint(pick(random, numbers)),
  function promptScored(random, writer) {
    const count = random.integer(4);
    writer.byte(0x4a).varint(pick(random, counts)).varint(count);
    for (let left = count; left > 0; left -= 1)
      writeFloat32(writeFloat32(writer, pick(random, floats)).varint(1).varint(pick(random, ids)), -1);
    return writer;
  },
];

/** One false frame of a device. @param session the sixteen bytes of the session that it names */
export function deviceLie(random: Random, session: Uint8Array): Uint8Array {
  return pick(random, deviceLies)(random, new ByteWriter(), session).finish();
}

export function edgeLie(random: Random): Uint8Array {
  return pick(random, edgeLies)(random, new ByteWriter(), new Uint8Array(0)).finish();
}

/** Puts up to `count` lies in, anywhere behind the first frame. */
export function insertLies(frames: Uint8Array[], count: number, random: Random, lie: () => Uint8Array): void {
  for (let left = count; left > 0; left -= 1) frames.splice(1 + random.integer(Math.max(1, frames.length)), 0, lie());
}
