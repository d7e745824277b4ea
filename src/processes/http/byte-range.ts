// What part of a file the header `range` asks for (RFC 9110, 14). One range only: a list of small ones would cost more than it gives.

/** Bytes from `from` to before `to`. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** @returns null: no range is asked for, so all bytes are meant; `none`: the file has no such range */
export function byteRangeOf(header: string | null, byteLength: number): ByteRange | null | 'none' {
  if (header === null || !/^\s*bytes\s*=/i.test(header)) return null;
  const [, first = '', last = ''] = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header) ?? [];
  if (first === '' && last === '') return 'none';
  if (first === '')
    return last === '' || Number(last) === 0
      ? 'none'
      : { from: Math.max(0, byteLength - Number(last)), to: byteLength };
  const from = Number(first);
  const to = last === '' ? byteLength : Math.min(byteLength, Number(last) + 1);
  return from < to ? { from, to } : 'none';
}
