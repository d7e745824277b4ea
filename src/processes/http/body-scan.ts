// What it would cost to parse a text of JSON, computed from its bytes as they come: how deep it is nested, how many values it has. It
// does not judge whether the text is JSON: JSON.parse does, on what is small enough for it.

/** What is known after the bytes so far. */
export interface BodyScan {
  /** Arrays and objects that are open here, and the most that were open at once. */
  readonly depth: number;
  readonly deepest: number;
  /** Brackets and separators outside of strings: no text of JSON has more values than these and one. */
  readonly values: number;
  /** Whether the next byte belongs to a string, and whether a backslash stands before it. */
  readonly isInString: boolean;
  readonly isEscaped: boolean;
}

/** Before the first byte. */
export const unscanned: BodyScan = { depth: 0, deepest: 0, values: 0, isInString: false, isEscaped: false };

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** @param bytes UTF-8, cut anywhere: all bytes that count are ASCII, and no byte of another character is */
export function scanBody(before: BodyScan, bytes: Uint8Array): BodyScan {
  let { depth, deepest, values, isInString, isEscaped } = before;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (isInString) {
      if (isEscaped) isEscaped = false;
      else if (byte === backslash) isEscaped = true;
      else if (byte === quote) isInString = false;
      continue;
    }
    if (byte === quote) isInString = true;
    else if (byte === comma || byte === colon) values += 1;
    else if (byte === openBracket || byte === openBrace) {
      values += 1;
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === closeBracket || byte === closeBrace) depth = Math.max(0, depth - 1);
  }
  return { depth, deepest, values, isInString, isEscaped };
}
