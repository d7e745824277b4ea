// Parses the text that names an engine: the one in this process, a worker that is started, or one that runs. The only place that does.
// It reads no file and opens no socket.

import { badArgument } from '../../core/basics/errors.ts';

/** Where a worker that runs listens. */
export type WorkerAddress =
  | { readonly kind: 'unix'; readonly path: string }
  /** On 127.0.0.1. */
  | { readonly kind: 'tcp'; readonly port: number };

export type EngineSpec =
  /** llama.cpp in this process. */
  | { readonly kind: 'llama' }
  /** A worker with ik_llama.cpp, started for the model's file. */
  | { readonly kind: 'ik' }
  /** A worker with vLLM, started for a model's folder. */
  | { readonly kind: 'vllm'; readonly directory: string }
  | WorkerAddress;

const engineForms = 'llama, ik, vllm:FOLDER, unix:PATH or tcp:PORT';

/** @throws OutriderError `bad-argument` */
export function parseEngineSpec(text: string): EngineSpec {
  if (text === 'llama' || text === 'ik') return { kind: text };
  const [, scheme, rest = ''] = /^(vllm|unix|tcp):(.+)$/s.exec(text) ?? [];
  if (scheme === 'vllm') return { kind: 'vllm', directory: rest };
  if (scheme === 'unix') return { kind: 'unix', path: rest };
  if (scheme === 'tcp') return { kind: 'tcp', port: parsePort(text, rest) };
  throw badArgument(`"${text}" is no engine`, `Give ${engineForms}.`);
}

function parsePort(text: string, rest: string): number {
  const port = Number(rest);
  if (/^\d{1,5}$/.test(rest) && port >= 1 && port <= 65_535) return port;
  throw badArgument(
    `"${text}" is no engine on this machine`,
    'Give tcp:PORT; reach other hosts by a tunnel (ssh -L PORT:127.0.0.1:PORT HOST).',
  );
}

/** In the words of {@link parseEngineSpec}. */
export function describeAddress(address: WorkerAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `tcp:${address.port}`;
}

/** Whether it is a worker that somebody else runs. */
export function hasAddress(spec: EngineSpec): spec is WorkerAddress {
  return spec.kind === 'unix' || spec.kind === 'tcp';
}

/** Whether it runs a GGUF file that is named to it; the others say their model themselves. */
export function readsModelFile({ kind }: EngineSpec): boolean {
  return kind === 'llama' || kind === 'ik';
}
