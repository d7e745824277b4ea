// Which models a command takes: those of the pair that it names, each replaced by a flag of its own. The only place where that is decided.

import { Option } from 'commander';
import { requirePair } from '../model-files/manifest.ts';
import { defaultPair } from '../model-files/manifest-data.ts';

/** What was typed; `target` is what some commands call `--model`. */
export interface PairFlags {
  readonly pair: string;
  readonly target?: string | undefined;
  readonly draft?: string | undefined;
}

/** Names in the manifest, paths, or whatever else a command takes in their place. */
export interface ModelNames {
  readonly target: string;
  readonly draft: string;
}

export function pairOption(description = 'target and draft, from "outrider models list"'): Option {
  return new Option('--pair <name>', description).default(defaultPair.name);
}

/** @throws OutriderError `model-unknown` for a pair that does not exist, even if both of its models are replaced */
export function namesOf({ pair, target, draft }: PairFlags): ModelNames {
  const known = requirePair(pair);
  return { target: target ?? known.target, draft: draft ?? known.draft };
}
