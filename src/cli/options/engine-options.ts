// The options of commands that open a target on an engine of choice.

import { parseEngineSpec, readsModelFile } from '../../models/port/engine-spec.ts';
import { namesOf } from './pair-options.ts';

function engineText(text: string): string {
  parseEngineSpec(text);
  return text;
}

export const engineOptions = {
  engine: {
    flag: '--engine <engine>',
    help: 'what runs the target: llama, ik, vllm:FOLDER, unix:PATH or tcp:PORT; the last two meet a worker that runs (docs/use/engines.md)',
    parse: engineText as (text: string) => string,
    default: 'llama' as string,
  },
  tokenizer: {
    flag: '--tokenizer <name|path>',
    help: "GGUF file of the model of an engine in another process, or its name (default: --model's)",
  },
} as const;

/** The model to open: "none" where the engine has its own, and none was typed. */
export function targetOf(typed: {
  readonly engine: string;
  readonly pair: string;
  readonly model?: string | undefined;
}): string {
  const { target } = namesOf({ pair: typed.pair, target: typed.model });
  return readsModelFile(parseEngineSpec(typed.engine)) ? target : (typed.model ?? 'none');
}
