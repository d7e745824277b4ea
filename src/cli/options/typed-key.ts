// Whether somebody shows the key that was typed, or set in the environment.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../core/basics/secret.ts';

/** Compares digests of equal length, so that the time tells nothing about the key. */
export function isTypedKey(key: Secret, shown: string): boolean {
  return timingSafeEqual(digest(key.reveal()), digest(shown));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
