// A fingerprint of 256 bits for a short text, for models without a file to hash. Not cryptographic: it distinguishes, it does not
// protect.

import { philox } from '../../core/basics/philox.ts';

/** 64 hexadecimal digits. */
export function textFingerprint(text: string): string {
  const state = new Uint32Array(4);
  const other = Uint32Array.of(1, 0, 0, 0);
  let position = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    for (const words of [state, other]) {
      philox(words, at(words, 0) ^ code, at(words, 1) ^ position, at(words, 2), at(words, 3), 0x746f79, text.length);
    }
    position++;
  }
  return [...state, ...other].map((word) => word.toString(16).padStart(8, '0')).join('');
}

function at(words: Uint32Array, index: number): number {
  return words[index] as number;
}
