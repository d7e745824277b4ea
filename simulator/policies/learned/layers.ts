// The few operations of a small network, on row-major arrays of float32, with sums in float64.

/** Arrays by name. */
export type Weights = Readonly<Record<string, Float32Array>>;

/** rows x inner times inner x columns. */
export function multiply(
  left: Float32Array,
  right: Float32Array,
  rows: number,
  inner: number,
  columns: number,
): Float32Array {
  const out = new Float32Array(rows * columns);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let index = 0; index < inner; index++) {
      const value = left[row * inner + index] as number;
      if (value === 0) continue;
      const base = index * columns;
      for (let column = 0; column < columns; column++) {
        sums[column] = (sums[column] as number) + value * (right[base + column] as number);
      }
    }
    out.set(sums, row * columns);
  }
  return out;
}

/** The same for one layer of a network: a bias is added to each row. */
export function layer(left: Float32Array, right: Float32Array, bias: Float32Array, rows: number): Float32Array {
  const out = multiply(left, right, rows, left.length / rows, bias.length);
  addBias(out, bias);
  return out;
}

/** Adds one row times a matrix to a row. */
export function addProduct(out: Float32Array, row: Float32Array, matrix: Float32Array, columns: number): void {
  const product = multiply(row, matrix, 1, row.length, columns);
  for (let column = 0; column < columns; column++) out[column] = (out[column] as number) + (product[column] as number);
}

/** Adds row `from` of `values` to row `to` of `out`. */
export function addRow(out: Float32Array, to: number, values: Float32Array, from: number, width: number): void {
  for (let at = 0; at < width; at++) {
    out[to * width + at] = (out[to * width + at] as number) + (values[from * width + at] as number);
  }
}

/** Adds the same row to every row. */
export function addBias(out: Float32Array, bias: Float32Array): void {
  for (let at = 0; at < out.length; at++) out[at] = (out[at] as number) + (bias[at % bias.length] as number);
}

export function relu(values: Float32Array): void {
  for (let at = 0; at < values.length; at++) if ((values[at] as number) < 0) values[at] = 0;
}
