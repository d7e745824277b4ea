// The candidates of a row from all its logits.

import { defined } from '../../../core/basics/defined.ts';
import { exp, log } from '../../../core/basics/fdlibm.ts';
import {
  type Candidates,
  candidateLimit,
  isAllowed,
  largestCandidates,
  type RowAsk,
} from '../../../core/decoding/candidates.ts';

/** The largest logits, ties to the lower id. */
export function largestLogits(logits: Float32Array): Candidates {
  const ids: number[] = [];
  const values: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    const value = logits[id] as number;
    if (values.length === candidateLimit && value <= (values[candidateLimit - 1] as number)) continue;
    let at = Math.min(values.length, candidateLimit - 1);
    for (; at > 0 && (values[at - 1] as number) < value; at--) {
      values[at] = values[at - 1] as number;
      ids[at] = ids[at - 1] as number;
    }
    values[at] = value;
    ids[at] = id;
  }
  return { ids, logits: values };
}

export function answerAsk(logits: Float32Array, ask: RowAsk | undefined): Candidates {
  if (ask === undefined) return largestLogits(logits);
  const { allowed, bias, normalises, logitOf, beside } = ask;
  const pairs: (readonly [id: number, logit: number])[] = [];
  for (const [id, logit] of logits.entries()) if (isAllowed(allowed, id)) pairs.push([id, logit]);
  const top = pairs.reduce((most, [, logit]) => Math.max(most, logit), -Infinity);
  const sum = normalises === true ? pairs.reduce((total, [, logit]) => total + exp(logit - top), 0) : 0;
  return {
    ...largestCandidates(pairs, bias, beside),
    ...defined({
      logNormaliser: normalises === true ? top + log(sum) : undefined,
      askedLogit: logitOf === undefined ? undefined : logits[logitOf],
    }),
  };
}
