// The flag that names a pair, for commands that are no experiment.

import { Option } from 'commander';
import { pairOption as spec } from '../laboratory/pair-options.ts';

export function pairOption(description: string = spec.help): Option {
  return new Option(spec.flag, description).default(spec.default);
}
