/** The bytes of a kernel of the WASM engine. */
export function compileKernel(name: 'plain' | 'relaxed'): Promise<Uint8Array<ArrayBuffer>>;
export function writeKernels(folder: string): Promise<void>;
