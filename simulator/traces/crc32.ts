// CRC-32 as in PNG and ZIP (ISO-HDLC, polynomial 0x04c11db7 reflected): finds accidental damage, not deliberate changes.

const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** 0 .. 2^32 - 1. @param previous the CRC of the bytes before, to continue from */
export function crc32(bytes: Uint8Array, previous: number = 0): number {
  let value = ~previous;
  for (const byte of bytes) value = (table[(value ^ byte) & 0xff] as number) ^ (value >>> 8);
  return ~value >>> 0;
}
