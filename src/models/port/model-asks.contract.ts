// The cases of the model contract about masks, bias and the normaliser of rows, as skips.

import { askCases } from '../../../laboratory/engine-conformance/contract-asks.ts';
import type { ContractSkip } from './model.contract.ts';

/** The names of these cases, for models that only draft and whose candidates are not their own: with the reason, a skip of each. */
export function skipAsks(reason: string): ContractSkip[] {
  return askCases.map(({ name }) => ({ case: name, reason }));
}
