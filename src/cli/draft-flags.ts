// The flags that say how readily a device drafts, for commands that are no experiment.

import type { Option } from 'commander';
import { lookUpOption as lookUp, parseMinConfidence } from '../experiments/look-up-place.ts';
import { flagOption } from './run-experiment.ts';

export function lookUpOption(): Option {
  return flagOption(lookUp);
}

export function minConfidenceOption(help: string): Option {
  return flagOption({ flag: '--min-confidence <number|auto>', help, parse: parseMinConfidence, default: 'auto' });
}
