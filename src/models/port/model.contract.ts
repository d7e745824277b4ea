// The contract of every engine behind the model port, as one suite; each engine's test file runs it.

import { afterAll, beforeAll, describe, it } from 'vitest';
import { usualPrefixTokens } from '../../../laboratory/engine-conformance/contract-bench.ts';
import { contractCases } from '../../../laboratory/engine-conformance/contract-cases.ts';
import type { LanguageModel } from './model.ts';

export { contractTokens, feed } from '../../../laboratory/engine-conformance/contract-bench.ts';

export interface ContractSkip {
  /** The full name of a case. */
  readonly case: string;
  readonly reason: string;
}

export interface ContractOptions {
  readonly skip?: readonly ContractSkip[];
  /** Length of the text in the sequences before the cases begin. Default 40. */
  readonly prefixTokens?: number;
}

/** @param open must give at least three sequences of at least 160 tokens */
export function describeModelContract(
  name: string,
  open: () => Promise<LanguageModel>,
  { skip = [], prefixTokens = usualPrefixTokens }: ContractOptions = {},
): void {
  describe(`model contract: ${name}`, () => {
    let model: LanguageModel;
    const skips = new Map(skip.map((one) => [one.case, one.reason]));
    beforeAll(async () => {
      model = await open();
    }, 60_000);
    afterAll(() => model.close());
    for (const { name: caseName, run } of contractCases) {
      const reason = skips.get(caseName);
      if (reason === undefined) it(caseName, () => run({ model, open, prefixTokens }), 120_000);
      else it.skip(`${caseName} (${reason})`, () => undefined);
    }
  });
}
