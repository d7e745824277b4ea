// What one exactness trial is asked for.

import type { GpuChoice } from '../../../src/core/basics/gpu-choice.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import type { ShapeCheckOptions } from '../../../src/models/exactness/shape-check.ts';

export interface ExactnessOptions extends Pick<ShapeCheckOptions, 'callSizes' | 'contextLengths' | 'positions'> {
  /** Names or paths. A model without a draft is its own. */
  readonly target: string;
  readonly draft?: string;
  /** Threads of the target; default 1. */
  readonly threads?: number;
  /** GPU for target and drafts; default `off`. */
  readonly gpu?: GpuChoice;
  readonly tokens: number;
  readonly roundTripsMs: readonly number[];
  readonly temperatures: readonly number[];
  readonly modes: readonly ModeName[];
  /** Only so many prompts, the first or the shortest of all. */
  readonly promptCount?: number;
  readonly whichPrompts?: 'first' | 'shortest';
  /** Where found laws are kept; default: that of all models. */
  readonly cacheDirectory?: string;
  readonly onProgress?: (label: string, done: number, total: number) => void;
  /** Checked between two texts. */
  readonly signal?: AbortSignal;
}
