// The kernel of the WASM engine: which one this machine runs, its functions, and its memory.

import { OutriderError } from '../../../core/basics/errors.ts';

/** What is used of WebAssembly; the types of Node lack it. */
interface Wasm {
  validate(bytes: Uint8Array): boolean;
  instantiate(bytes: Uint8Array, imports: object): Promise<{ readonly instance: { readonly exports: unknown } }>;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
}

type Product = (codes: number, scales: number, rows: number, blocks: number, x: number, y: number) => void;
type Product4 = (
  ...product: [
    codes: number,
    scales: number,
    rows: number,
    blocks: number,
    x: number,
    xStride: number,
    y: number,
    yStride: number,
  ]
) => void;
type Unpack = (from: number, blocks: number, codes: number, scales: number) => number;
type Row = (codes: number, scales: number, row: number, blocks: number, out: number) => void;

/** All arguments that are no counts are addresses; `kernel/` says what lies there. */
export interface Kernel {
  isRelaxed(): number;
  quantise(x: number, n: number, out: number): void;
  normalise(x: number, gain: number, n: number, epsilon: number, out: number): void;
  add(x: number, y: number, n: number): void;
  rotate(x: number, heads: number, dim: number, angles: number): void;
  gateWith(gate: number, up: number, n: number): void;
  attend(
    ...heads: [
      q: number,
      k: number,
      v: number,
      stride: number,
      group: number,
      count: number,
      dim: number,
      scale: number,
      scores: number,
      out: number,
    ]
  ): void;
  readonly timesIq4: Product;
  readonly timesQ5: Product;
  readonly times4Iq4: Product4;
  readonly unpackIq4: Unpack;
  readonly unpackQ5: Unpack;
  readonly rowIq4: Row;
  readonly rowQ5: Row;
}

/** A format of weights: bytes of the codes of a block in memory, and the functions of the kernel for it. */
export interface WeightFormat {
  readonly codeBytes: number;
  readonly times: 'timesIq4' | 'timesQ5';
  readonly times4?: 'times4Iq4';
  readonly unpack: 'unpackIq4' | 'unpackQ5';
  readonly row: 'rowIq4' | 'rowQ5';
}

/** By the name of the format in a GGUF file. */
export const weightFormats: ReadonlyMap<string, WeightFormat> = new Map<string, WeightFormat>([
  ['IQ4_NL', { codeBytes: 16, times: 'timesIq4', times4: 'times4Iq4', unpack: 'unpackIq4', row: 'rowIq4' }],
  ['Q5_0', { codeBytes: 32, times: 'timesQ5', unpack: 'unpackQ5', row: 'rowQ5' }],
]);

/** Values in a block of weights. */
export const blockValues = 32;
/** Vectors that `times4` takes. */
export const laneCount = 4;

/** Bytes of a quantised vector, in either kernel. */
export function quantisedBytes(n: number): number {
  return 2 * n + 64;
}

/** (module (func (result v128) i32.const 0 i8x16.splat)) */
const plainProbe = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11],
);
/** The same with i8x16.relaxed_swizzle of two of them. */
const relaxedProbe = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0],
  ...[65, 0, 253, 15, 65, 0, 253, 15, 253, 128, 2, 11],
);

const lookUpRemedy = 'draft by look-up (createNgramModel), or take a newer browser';

function demandWasm(): Wasm {
  const { WebAssembly: wasm } = globalThis as { readonly WebAssembly?: unknown };
  if (wasm !== undefined && (wasm as Wasm).validate(plainProbe)) return wasm as Wasm;
  throw new OutriderError('engine-missing', 'there is no WebAssembly with SIMD here', lookUpRemedy);
}

/**
 * Which kernel {@link openWasmModel} takes on this machine: the file is `kernel-NAME.wasm`, built into `dist/pages` of the package.
 * "relaxed" is faster; "plain" runs wherever WebAssembly has SIMD.
 * @throws OutriderError `engine-missing` where there is no WebAssembly with SIMD
 */
export function wasmKernelName(): 'relaxed' | 'plain' {
  return demandWasm().validate(relaxedProbe) ? 'relaxed' : 'plain';
}

/** A kernel on its memory. */
export interface LoadedKernel {
  readonly kernel: Kernel;
  readonly bytes: Uint8Array;
  readonly floats: Float32Array;
}

const pageBytes = 65_536;
/** Addresses are signed in places. */
const mostBytes = 2 ** 31;

/** @throws OutriderError `engine-missing` where it can't be compiled, `memory-full` */
export async function loadKernel(code: Uint8Array, memoryBytes: number): Promise<LoadedKernel> {
  const wasm = demandWasm();
  const memory = newMemory(wasm, memoryBytes);
  try {
    const { instance } = await wasm.instantiate(code, { env: { memory } });
    const kernel = instance.exports as Kernel;
    return { kernel, bytes: new Uint8Array(memory.buffer), floats: new Float32Array(memory.buffer) };
  } catch (cause) {
    const why = `the kernel of the engine does not load: ${cause instanceof Error ? cause.message : String(cause)}`;
    const remedy = `give kernel-${wasmKernelName()}.wasm of this version of the package, or draft by look-up`;
    throw new OutriderError('engine-missing', why, remedy, { cause });
  }
}

function newMemory(wasm: Wasm, memoryBytes: number): { readonly buffer: ArrayBuffer } {
  try {
    if (memoryBytes > mostBytes) throw new RangeError(`more than ${mostBytes} bytes`);
    return new wasm.Memory({ initial: Math.ceil(memoryBytes / pageBytes) });
  } catch (cause) {
    const megabytes = Math.ceil(memoryBytes / 1e6);
    const remedy = 'ask for a shorter context or fewer sequences, close other pages, or draft by look-up';
    throw new OutriderError('memory-full', `no memory for the draft model: it needs ${megabytes} MB`, remedy, {
      cause,
    });
  }
}
