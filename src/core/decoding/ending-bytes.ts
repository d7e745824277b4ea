// Finds stop strings in a stream of bytes: one step per byte, and no memory except how far each string matches so far (Knuth,
// Morris, Pratt 1977). UTF-8 is self-synchronising, so a match of bytes is a match of characters.

export interface ByteMatcher {
  readonly length: number;
  /** The number of matching bytes after one more `byte`, given the number before; `length` means a complete match. */
  next(matched: number, byte: number): number;
}

/** A matcher for one pattern of at least one byte. */
export function createByteMatcher(pattern: Uint8Array): ByteMatcher {
  const shorter = fallbacks(pattern);
  return {
    length: pattern.length,
    next(matched: number, byte: number): number {
      let length = matched;
      while (length > 0 && pattern[length] !== byte) length = shorter[length - 1] as number;
      return pattern[length] === byte ? length + 1 : 0;
    },
  };
}

/** For each prefix of the pattern, the length of its longest proper prefix that is also its suffix. */
function fallbacks(pattern: Uint8Array): Uint8Array {
  const shorter = new Uint8Array(pattern.length);
  let length = 0;
  for (let index = 1; index < pattern.length; index++) {
    while (length > 0 && pattern[length] !== pattern[index]) length = shorter[length - 1] as number;
    if (pattern[length] === pattern[index]) length++;
    shorter[index] = length;
  }
  return shorter;
}

/** The state of each matcher; the first complete one, by byte and then by length, ends the scan. */
export interface ByteScan {
  readonly matchedBytes: readonly number[];
  /** Set when a pattern is complete: its start, in bytes from the start of `bytes`; negative if it began earlier. */
  readonly foundAt: number | null;
}

/** Runs all matchers over `bytes`. */
export function scanBytes(matchers: readonly ByteMatcher[], before: readonly number[], bytes: Uint8Array): ByteScan {
  if (matchers.length === 0 || bytes.length === 0) return { matchedBytes: before, foundAt: null };
  const matched = [...before];
  for (const [offset, byte] of bytes.entries()) {
    let longest = 0;
    for (const [index, matcher] of matchers.entries()) {
      const length = matcher.next(matched[index] as number, byte);
      matched[index] = length;
      if (length === matcher.length) longest = Math.max(longest, length);
    }
    if (longest > 0) return { matchedBytes: matched, foundAt: offset + 1 - longest };
  }
  return { matchedBytes: matched, foundAt: null };
}
