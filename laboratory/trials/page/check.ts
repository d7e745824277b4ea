// One thing that a person does with the page.

import type { Bed, SizeName } from './bed.ts';

export interface Check {
  readonly name: string;
  /** Default: the desktop only. */
  readonly sizes?: readonly SizeName[];
  /** Its answers are not the toy target's. */
  readonly isScripted?: boolean;
  /** @throws Error for what is not as it must be */
  run(bed: Bed): Promise<void>;
}
