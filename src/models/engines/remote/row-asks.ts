// What the edge asks of a row, in the words of the protocol, and a worker's row as the candidates of the port. The edge ranks, so that the
// order has one definition.

import { defined } from '../../../core/basics/defined.ts';
import { type Candidates, isAllowed, largestCandidates, type RowAsk } from '../../../core/decoding/candidates.ts';
import type { EvaluateItem } from '../../port/model.ts';
import { noNumbers } from '../llama-candidates.ts';
import type { FrameAsk, FrameItem, FrameRow } from './frames.ts';

export function frameItem({ tokens, rows, asks = [] }: EvaluateItem, sequence: number, keep: number): FrameItem {
  const frameAsks = asks.flatMap((ask, row) => (ask === undefined ? [] : [frameAsk(ask, row)]));
  return { sequence, keep, rows, ids: tokens, asks: frameAsks };
}

function frameAsk({ allowed, bias = [], normalises = false, logitOf }: RowAsk, row: number): FrameAsk {
  const named = new Set([...bias.map(([id]) => id), ...(logitOf === undefined ? [] : [logitOf])]);
  return { row, allowed, normalises, beside: named.size === 0 ? undefined : [...named] };
}

/** What a model of the port is asked for, so that its row can be sent. */
export function portAsk({ allowed, beside, normalises }: FrameAsk): RowAsk {
  return { allowed, beside, normalises };
}

/**
 * @returns the cause where the row breaks the protocol
 * @throws OutriderError `engine-failed` where a logit is no number
 */
export function candidatesOf(
  { ids, logits, normaliser }: FrameRow,
  ask: RowAsk | undefined,
  vocabularySize: number,
): Candidates | string {
  const seen = new Set<number>();
  const pairs: [number, number][] = [];
  for (const [index, id] of ids.entries()) {
    const logit = logits[index] as number;
    if (id >= vocabularySize) return `id ${id} of a vocabulary of ${vocabularySize}`;
    if (seen.has(id)) return `id ${id} twice in a row`;
    if (!isAllowed(ask?.allowed, id)) return `id ${id}, which the mask excludes`;
    if (Number.isNaN(logit) || logit === Number.POSITIVE_INFINITY) throw noNumbers(`a logit is ${logit}`);
    seen.add(id);
    if (logit !== Number.NEGATIVE_INFINITY) pairs.push([id, logit]);
  }
  if (ask?.allowed === undefined && pairs.length === 0) return 'a row without candidates';
  const askedLogit = pairs.find(([id]) => id === ask?.logitOf)?.[1];
  const normalises = ask?.normalises === true && pairs.length > 0;
  if (normalises && !Number.isFinite(normaliser)) return `a normaliser of ${normaliser}`;
  const logNormaliser = normalises ? normaliser : undefined;
  return { ...largestCandidates(pairs, ask?.bias), ...defined({ logNormaliser, askedLogit }) };
}
