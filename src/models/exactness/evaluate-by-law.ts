// Evaluates items in calls under a shape law: cuts items that are too long, pads items that are too short, erases the padding.

import type { Candidates } from '../../core/decoding/candidates.ts';
import {
  type CallPart,
  engineRows,
  layOutCalls,
  leastWholeCall,
  type ShapeLaw,
} from '../../core/decoding/shape-law.ts';
import type { EvaluateItem, ModelSequence } from '../port/model.ts';

/** An item of several calls ends here, tokens: what comes between two items waits for all of its calls. */
const mostInSeveralCalls = 63;

/** Limit of an item's tokens: one call, or several where the law has small ones. @param largestCall of the engine */
export function longestItem({ most, multiple }: ShapeLaw, largestCall: number): number {
  return most > leastWholeCall ? Math.min(most, largestCall) : mostInSeveralCalls - (mostInSeveralCalls % multiple);
}

/** The call interface of an engine without a law. */
export interface CallEngine {
  /** One call: appends every item's tokens, and gives the candidates of the last `rows` of each. */
  call(items: readonly EvaluateItem[]): Promise<Candidates[][]>;
  /** Removes everything of the sequence from `length` on. */
  erase(sequence: ModelSequence, length: number): Promise<void>;
}

/** @param mostSequences in one call: the number that was compared when the law was found @returns the candidates of each item, in order */
export async function evaluateByLaw(
  engine: CallEngine,
  law: ShapeLaw,
  items: readonly EvaluateItem[],
  mostSequences: number,
): Promise<Candidates[][]> {
  const results: Candidates[][] = [];
  for (let from = 0; from < items.length; from += mostSequences) {
    results.push(...(await evaluateTogether(engine, law, items.slice(from, from + mostSequences))));
  }
  return results;
}

async function evaluateTogether(
  engine: CallEngine,
  law: ShapeLaw,
  items: readonly EvaluateItem[],
): Promise<Candidates[][]> {
  const results = items.map((): Candidates[] => []);
  const tokenCounts = items.map(({ tokens }) => tokens.length);
  for (const call of layOutCalls(law, tokenCounts)) {
    const laid = call.map((part) => layOut(law, part, items[part.item] as EvaluateItem));
    const found = await engine.call(laid.map(({ item }) => item));
    for (const [index, { item, wantedFrom, wanted }] of laid.entries()) {
      const { padding, item: place } = call[index] as CallPart;
      if (padding > 0) await engine.erase(item.sequence, item.sequence.length - padding);
      (results[place] as Candidates[]).push(...(found[index] ?? []).slice(wantedFrom, wantedFrom + wanted));
    }
  }
  return results;
}

/**
 * An engine computes its last layer and its output matrix only for rows with requested candidates, so their number follows the law
 * as well: where too few are requested, more are, and dropped.
 */
function layOut(law: ShapeLaw, { from, count, padding }: CallPart, { sequence, tokens, rows, asks }: EvaluateItem) {
  const part = tokens.slice(from, from + count);
  const fill = new Array<number>(padding).fill(part.at(-1) as number);
  const wanted = Math.max(0, Math.min(count, from + count - (tokens.length - rows)));
  const asked = wanted === 0 ? 0 : engineRows(law, wanted + padding);
  const wantedFrom = asked - padding - wanted;
  // Rows that are dropped are asked for nothing.
  const firstRow = from + count - wanted - (tokens.length - rows);
  const own = asks?.slice(firstRow, firstRow + wanted);
  const item = { sequence, tokens: [...part, ...fill], rows: asked, ...askedFrom(own, wantedFrom) };
  return { item, wantedFrom, wanted };
}

function askedFrom(asks: EvaluateItem['asks'], wantedFrom: number): Pick<EvaluateItem, 'asks'> {
  if (asks === undefined || asks.every((ask) => ask === undefined)) return {};
  return { asks: [...new Array<undefined>(wantedFrom).fill(undefined), ...asks] };
}
