// Text to UTF-8 and back. U+FEFF at the beginning is a character as any other.

const encoder = new TextEncoder();

export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** A decoder that may get the bytes in parts. */
export function utf8Decoder(): InstanceType<typeof TextDecoder> {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

const wholeDecoder = utf8Decoder();

/** Bytes that are no UTF-8 become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return wholeDecoder.decode(bytes);
}
