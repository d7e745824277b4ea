// The form of a key, how hard it is to guess, and what may be written for times. Pure: randomness and digests come from the caller.

import { badArgument } from '../basics/errors.ts';

/** Bytes of randomness in a key that `outrider keys` makes. */
export const keySecretBytes = 32;
/** Bytes of randomness in the id of a key. The id is no secret: logs and lists name a key by it. */
export const keyIdBytes = 5;

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const idDigits = 'abcdefghijklmnopqrstuvwxyz234567';
const secretLength = 43;
const keyForm = /^ok_([a-z2-7]{8})_[0-9A-Za-z]{43}$/;

/** Eight characters for {@link keyIdBytes} random bytes. */
export function keyIdFrom(bytes: Uint8Array): string {
  return inDigits(bytes, idDigits, 8);
}

/** "ok_ID_SECRET": a prefix that secret scanners can search for, the id, and a secret of {@link keySecretBytes} random bytes. */
export function keyTextFrom(id: string, bytes: Uint8Array): string {
  return `ok_${id}_${inDigits(bytes, digits, secretLength)}`;
}

/** The id in a key, or null for a text that is not such a key. */
export function idInKey(text: string): string | null {
  return keyForm.exec(text)?.[1] ?? null;
}

function inDigits(bytes: Uint8Array, alphabet: string, length: number): string {
  const base = BigInt(alphabet.length);
  let rest = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = '';
  for (let count = 0; count < length; count += 1) {
    text = alphabet.charAt(Number(rest % base)) + text;
    rest /= base;
  }
  return text;
}

export const leastKeyLength = 8;
/** Bits that a key must have where others can reach the edge. */
export const strongKeyBits = 128;

/**
 * An upper estimate of what a key holds, bits: its length in characters of the smallest usual alphabet that it is written in. A text of
 * very few different characters counts as if it were written in these only. It can't know words or dates: draw keys at random.
 */
export function keyBits(text: string): number {
  const different = Math.max(1, new Set(text).size);
  const isHex = /^[0-9a-f]+$/.test(text) || /^[0-9A-F]+$/.test(text);
  const classes = [/[0-9]/, /[a-z]/, /[A-Z]/, /[^0-9A-Za-z]/];
  const sizes = [10, 26, 26, 2];
  const size = classes.reduce((sum, one, index) => sum + (one.test(text) ? (sizes[index] ?? 0) : 0), 0);
  const alphabet = isHex ? Math.min(16, size <= 10 ? 10 : 16) : size;
  return text.length * Math.log2(different < 8 ? different : alphabet);
}

/** @throws OutriderError `bad-argument` for a key that is too short, or too weak where others can reach the edge */
export function demandStrength(text: string, isExposed: boolean): void {
  const remedy = isExposed
    ? 'make one with "outrider keys add"'
    : 'take a longer one, or make one with "outrider keys add"';
  if (text.length < leastKeyLength) {
    throw badArgument(`the key has ${text.length} characters; it must have at least ${leastKeyLength}`, remedy);
  }
  if (!isExposed || keyBits(text) >= strongKeyBits) return;
  const form = '22 letters and digits of both cases, or 32 hex digits, drawn at random';
  throw badArgument(`the key is too weak where others can try it: it needs ${form}`, remedy);
}

const unitsMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "90d", "12h", "30m", "45s", "0"; ms. @throws Error with a sentence that says what to give instead */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd]?)$/.exec(text) ?? [];
  if (count === undefined || (unit === '' && count !== '0'))
    throw new Error('Give a duration: 90d, 12h, 30m, 45s, or 0.');
  return Number(count) * unitsMs[(unit || 's') as keyof typeof unitsMs];
}
