// Which models an experiment takes: those of the pair that it names, each replaced by an option of its own. The only place where that is
// decided.

import { requirePair } from '../../models/files/manifest.ts';
import { defaultPair } from '../../models/files/manifest-data.ts';

/** What was typed. */
export interface PairOptions {
  readonly pair: string;
  readonly target?: string | undefined;
  readonly draft?: string | undefined;
}

/** Names in the manifest, paths, or whatever else a command takes in their place. */
export interface ModelNames {
  readonly target: string;
  readonly draft: string;
}

export const pairOption = {
  flag: '--pair <name>',
  help: 'target and draft, from "outrider models list"',
  default: defaultPair.name as string,
} as const;

/** @throws OutriderError `model-unknown` for a pair that does not exist, even if both of its models are replaced */
export function namesOf({ pair, target, draft }: PairOptions): ModelNames {
  const known = requirePair(pair);
  return { target: target ?? known.target, draft: draft ?? known.draft };
}
