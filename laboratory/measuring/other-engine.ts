// Which engine a bench or a trial runs instead of llama.cpp in this process.

/** @returns undefined for llama.cpp, which needs no name */
export function otherEngine({ engine }: { readonly engine?: string | undefined }): string | undefined {
  return engine === 'llama' ? undefined : engine;
}
