// Makes a WebAssembly module count its work: each call of one of its functions and each turn of a loop takes one from a number that it
// exports. Below zero the module traps. The count depends on nothing but what the module is given; time depends on the machine.

import { ByteReader, ByteWriter } from '../../core/basics/bytes.ts';
import { OutriderError } from '../../core/basics/errors.ts';

/** The export with what is left: an i64 that can be set. */
export const leftName = 'left';

const sections = { global: 6, export: 7, code: 10 } as const;
/** The mark and the version of a module. */
const headerBytes = 8;
/** Larger counts and sizes are not read. */
const most = 2 ** 31;
/** A mutable i64 that begins at 0. */
const zeroGlobal = Uint8Array.of(0x7e, 1, 0x42, 0, 0x0b);
const exportsGlobal = 3;
const opcodes = { loop: 0x03, branchTable: 0x0e, typedSelect: 0x1c, float32: 0x43, float64: 0x44, last: 0xc4 } as const;

/** @throws OutriderError for a module with instructions of later versions of the standard */
export function countedModule(module: Uint8Array): Uint8Array {
  const reader = new ByteReader(module, unread);
  const writer = new ByteWriter().raw(reader.raw(headerBytes));
  let left = 0;
  while (reader.remaining > 0) {
    const id = reader.byte();
    const content = reader.raw(reader.varint(most));
    const inner = new ByteReader(content, unread);
    const made = new ByteWriter();
    if (id === sections.global) {
      left = inner.varint(most);
      made
        .varint(left + 1)
        .raw(inner.raw(inner.remaining))
        .raw(zeroGlobal);
    } else if (id === sections.export) {
      made.varint(inner.varint(most) + 1).raw(inner.raw(inner.remaining));
      made.text(leftName).byte(exportsGlobal).varint(left);
    } else if (id === sections.code) writeCode(inner, made, left);
    else made.raw(content);
    writer.byte(id).varint(made.length).raw(made.finish());
  }
  return writer.finish();
}

/** Each function, with a charge where it begins and where each of its loops does. */
function writeCode(reader: ByteReader, writer: ByteWriter, left: number): void {
  const number = new ByteWriter().varint(left).finish();
  // left = left - 1; if (left < 0) trap
  const less = [0x23, ...number, 0x42, 1, 0x7d, 0x24, ...number];
  const charge = Uint8Array.from([...less, 0x23, ...number, 0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b]);
  const count = reader.varint(most);
  writer.varint(count);
  for (let index = 0; index < count; index += 1) {
    const body = reader.raw(reader.varint(most));
    const places = placesOf(new ByteReader(body, unread));
    writer.varint(body.length + places.length * charge.length);
    for (const [which, place] of places.entries()) writer.raw(body.subarray(places[which - 1] ?? 0, place)).raw(charge);
    writer.raw(body.subarray(places.at(-1)));
  }
}

/** Where a function and its loops begin. */
function placesOf(reader: ByteReader): readonly number[] {
  const pass = (numbers: number): void => {
    for (let left = numbers; left > 0; left -= 1) while (reader.byte() >= 0x80);
  };
  // Groups of locals: how many, and their type.
  pass(2 * reader.varint(most));
  const places = [reader.offset];
  while (reader.remaining > 0) {
    const opcode = reader.byte();
    if (opcode > opcodes.last || opcode === opcodes.typedSelect) throw unread(`it has the instruction ${opcode}`);
    if (opcode === opcodes.float32 || opcode === opcodes.float64) reader.raw(opcode === opcodes.float32 ? 4 : 8);
    pass(opcode === opcodes.branchTable ? reader.varint(most) + 1 : numbersAfter(opcode));
    if (opcode === opcodes.loop) places.push(reader.offset);
  }
  return places;
}

/** How many numbers follow an opcode. */
function numbersAfter(opcode: number): number {
  const isIn = (first: number, last: number): boolean => first <= opcode && opcode <= last;
  if (opcode === 0x11 || isIn(0x28, 0x3e)) return 2;
  return isIn(0x02, 0x04) || isIn(0x0c, 0x0d) || opcode === 0x10 || isIn(0x20, 0x26) || isIn(0x3f, 0x42) ? 1 : 0;
}

function unread(cause: string): OutriderError {
  return new OutriderError(
    'internal',
    `a WebAssembly module can not be counted: ${cause}`,
    'use another version of it',
  );
}
