// Which engine runs a target, and whose tokenizer is taken where that is in another process.

import { basename } from 'node:path';
import { engineForms, parseEngineSpec } from '../../models/port/engine-spec.ts';

export const engineOption = {
  flag: '--engine <engine>',
  help: `what runs the target: ${engineForms}`,
  parse: checkedEngine as (text: string) => string,
} as const;

export const tokenizerOption = {
  flag: '--tokenizer <name|path>',
  help: "GGUF file whose tokenizer is taken, where the engine is in another process (default: the target's)",
} as const;

/** @throws OutriderError `bad-argument` */
function checkedEngine(text: string): string {
  parseEngineSpec(text);
  return text;
}

/** An engine as a document names it: without a path. */
export function engineLabel(engine: string): string {
  const [, kind, path] = /^(unix|vllm):(.+)$/s.exec(engine) ?? [];
  return path === undefined ? engine : `${kind}:${basename(path)}`;
}
