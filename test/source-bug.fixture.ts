// A bug of the sources, as planted-bugs.fixture.ts and planted-comparisons.fixture.ts list them.

export interface SourceBug {
  readonly rule: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
  readonly test: string;
  /** Part of the name of the test that must fail. */
  readonly name: string;
}

/** As the lists have it: the test may be left out where it is that of the file. */
export type ListedBug = Omit<SourceBug, 'test'> & Partial<Pick<SourceBug, 'test'>>;
