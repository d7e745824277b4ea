// What people need to know of a figure to read it: its name in words, its unit, and which way is better.

export interface Quantity {
  /** With what it is counted for: "energy of a task". */
  readonly words: string;
  /** The unit of the figure; a share is shown in per cent, and many ms in s or min. */
  readonly unit: 'ms' | 'J' | 'share' | 'bytes' | 'tokens/s' | 'count';
  /** Absent: neither is better. */
  readonly better?: 'less' | 'more';
  /** Where a short table has it: in each run, or only under the objective `paper`, whose terms it is about. Absent: in no one. */
  readonly shown?: 'always' | 'paper';
}
