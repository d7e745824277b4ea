// Where a block stores the bits of its codes, the small whole numbers of its weights. Every format of llama.cpp packs them in
// planes: fields of 1, 2 or 4 bits. A run of bytes holds the lowest fields for the first values, then the next higher fields for
// the values behind those. Source: the dequantize functions of ggml-quants.c.

export interface CodePlane {
  /** First byte, from the start of the block. */
  readonly at: number;
  /** Bits of one field. */
  readonly width: 1 | 2 | 4;
  /** Bytes of a run; a run holds 8 / width times as many values. */
  readonly run: number;
  /** Place of the field in the code, in bits. */
  readonly shift: number;
}

/** Adds the plane's bits to `codes`. @param start the block's first byte */
export function readPlane(plane: CodePlane, bytes: DataView, start: number, codes: Uint8Array): void {
  const mask = (1 << plane.width) - 1;
  let value = 0;
  for (let first = start + plane.at; value < codes.length; first += plane.run) {
    for (let bit = 0; bit < 8; bit += plane.width) {
      for (let place = 0; place < plane.run; place++, value++) {
        const field = (bytes.getUint8(first + place) >> bit) & mask;
        codes[value] = (codes[value] ?? 0) | (field << plane.shift);
      }
    }
  }
}

/** The reverse of {@link readPlane}; the plane's bytes must be 0 before. */
export function writePlane(plane: CodePlane, codes: Uint8Array, bytes: DataView, start: number): void {
  const mask = (1 << plane.width) - 1;
  let value = 0;
  for (let first = start + plane.at; value < codes.length; first += plane.run) {
    for (let bit = 0; bit < 8; bit += plane.width) {
      for (let place = 0; place < plane.run; place++, value++) {
        const field = ((codes[value] ?? 0) >> plane.shift) & mask;
        bytes.setUint8(first + place, bytes.getUint8(first + place) | (field << bit));
      }
    }
  }
}
