// Which session gets a place of an edge: the order of waiting sessions, and which sessions lose their places. Places are shared by key
// first, then by session. Pure; edge-registry.ts applies it. Rules: docs/internals/protocol.md, "Rules".

import { between, type Checks, optional, whole } from '../../basics/check-options.ts';
import type { EdgeKey } from './edge-key.ts';
import type { EdgeState } from './edge-state.ts';

/** Times in ms, lengths in tokens. */
export interface PlaceRules {
  /** A session without a connection keeps its place for this long, even if others wait. */
  readonly placeGraceMs: number;
  /** A connected session keeps its place for this long while the edge waits for its device, even if others wait. */
  readonly stallMs: number;
  /** A session waits for a place for at most this long. */
  readonly waitMs: number;
  readonly maxWaiting: number;
  /** After this wait, a session gets the place of a key that has more places for its share. */
  readonly fairWaitMs: number;
  /** Most sessions without a place that are kept at the same time, apart from those that wait: finished ones and lost ones. */
  readonly keptSessions: number;
  /** Most tokens of all sessions without a place. */
  readonly keptTokens: number;
}

export const placeChecks: Checks<Partial<PlaceRules>> = {
  placeGraceMs: optional(between(0)),
  stallMs: optional(between(1)),
  waitMs: optional(between(0)),
  maxWaiting: optional(whole(0)),
  fairWaitMs: optional(between(0)),
  keptSessions: optional(whole(0)),
  keptTokens: optional(whole(0)),
};

/** The default rules of an edge; docs/internals/protocol.md lists them as the times of our edge. */
export const defaultPlaceRules: PlaceRules = {
  placeGraceMs: 10_000,
  stallMs: 30_000,
  waitMs: 60_000,
  maxWaiting: 64,
  fairWaitMs: 0,
  keptSessions: 256,
  keptTokens: 2_097_152,
};

/** What a session must state about itself. */
export interface PlaceHolder {
  readonly number: number;
  readonly key: EdgeKey;
  readonly state: EdgeState;
  readonly hasPlace: boolean;
  /** Since when it waits for a place; null: it does not. Times in ms. */
  readonly waitingSinceMs: number | null;
  /** Since when it has no connection; null: it has one. */
  readonly lostSinceMs: number | null;
  /** Since when the edge waits for its device; null: it does not. */
  readonly stalledSinceMs: number | null;
}

/** How many entries each key has among those that satisfy `isCounted`. */
function countByKey(
  entries: Iterable<PlaceHolder>,
  isCounted: (entry: PlaceHolder) => boolean,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    if (isCounted(entry)) counts.set(entry.key.id, (counts.get(entry.key.id) ?? 0) + 1);
  }
  return counts;
}

/**
 * The session that gets the next free place: of the key with the fewest places for its share, the one that has waited longest.
 * @param except ids of keys that are passed over
 */
export function nextWaiting<Entry extends PlaceHolder>(
  entries: Iterable<Entry>,
  except: ReadonlySet<string> = new Set(),
): Entry | undefined {
  const all = [...entries];
  const places = countByKey(all, ({ hasPlace }) => hasPlace);
  let best: { readonly entry: Entry; readonly load: number; readonly sinceMs: number } | undefined;
  for (const entry of all) {
    const { key, waitingSinceMs: sinceMs } = entry;
    const held = places.get(key.id) ?? 0;
    if (
      sinceMs === null ||
      entry.state.link === null ||
      except.has(key.id) ||
      (key.maxSessions !== null && held >= key.maxSessions)
    )
      continue;
    const load = held / key.share;
    if (best === undefined || load < best.load || (load === best.load && sinceMs < best.sinceMs)) {
      best = { entry, load, sinceMs };
    }
  }
  return best?.entry;
}

export type PlaceLoss = 'lost' | 'stalled' | 'shared';

/** A session that has to give up its place for `next`; undefined: none has to yet. */
export function placeToFree<Entry extends PlaceHolder>(
  entries: Iterable<Entry>,
  next: Entry,
  nowMs: number,
  rules: PlaceRules,
): { readonly entry: Entry; readonly why: PlaceLoss } | undefined {
  const holders = [...entries].filter(({ hasPlace }) => hasPlace);
  const lost = longest(holders, ({ lostSinceMs }) => lostSinceMs, nowMs - rules.placeGraceMs);
  if (lost !== undefined) return { entry: lost, why: 'lost' };
  const stalled = longest(holders, ({ stalledSinceMs }) => stalledSinceMs, nowMs - rules.stallMs);
  if (stalled !== undefined) return { entry: stalled, why: 'stalled' };
  if (next.waitingSinceMs === null || nowMs - next.waitingSinceMs < rules.fairWaitMs) return undefined;
  const greedy = holderToShare(holders, next);
  return greedy === undefined ? undefined : { entry: greedy, why: 'shared' };
}

/**
 * Max-min fairness: a key gives a place to another one if afterwards its places per share are no fewer than those of the other. It loses
 * the session with the shortest text, the newest of equals: that costs the least to evaluate again.
 */
function holderToShare<Entry extends PlaceHolder>(holders: readonly Entry[], next: Entry): Entry | undefined {
  const places = countByKey(holders, () => true);
  const placesOf = (key: EdgeKey): number => places.get(key.id) ?? 0;
  const wanted = (placesOf(next.key) + 1) / next.key.share;
  let best: { readonly entry: Entry; readonly load: number } | undefined;
  for (const entry of holders) {
    if (entry.key.id === next.key.id || placesOf(entry.key) < 2) continue;
    const load = (placesOf(entry.key) - 1) / entry.key.share;
    if (load < wanted) continue;
    const isShorter = best !== undefined && entry.state.text.length <= best.entry.state.text.length;
    if (best === undefined || load > best.load || (load === best.load && isShorter)) best = { entry, load };
  }
  return best?.entry;
}

function longest<Entry>(
  entries: readonly Entry[],
  sinceOf: (entry: Entry) => number | null,
  untilMs: number,
): Entry | undefined {
  let found: Entry | undefined;
  let foundMs: number = untilMs;
  for (const entry of entries) {
    const sinceMs = sinceOf(entry);
    if (sinceMs === null || sinceMs > foundMs || (found !== undefined && sinceMs === foundMs)) continue;
    [found, foundMs] = [entry, sinceMs];
  }
  return found;
}

/** A waiting session that must be refused because too many wait, or too long texts; of the key with the most for its share, the newest. */
export function waitingTooMany<Entry extends PlaceHolder>(
  entries: Iterable<Entry>,
  { maxWaiting, keptTokens }: PlaceRules,
): Entry | undefined {
  const all = [...entries];
  const waiting = all.filter(({ waitingSinceMs }) => waitingSinceMs !== null);
  const counts = countByKey(waiting, () => true);
  const limited = waiting.filter(({ key }) => key.maxWaiting !== null && (counts.get(key.id) ?? 0) > key.maxWaiting);
  const fits = waiting.length <= maxWaiting && tokensWithoutPlace(all) <= keptTokens;
  if (limited.length === 0 && fits) return undefined;
  return newestOfGreediest(limited.length > 0 ? limited : waiting, counts);
}

function newestOfGreediest<Entry extends PlaceHolder>(
  entries: readonly Entry[],
  counts: ReadonlyMap<string, number>,
): Entry | undefined {
  let worst: Entry | undefined;
  const loadOf = ({ key }: Entry): number => (counts.get(key.id) ?? 0) / key.share;
  for (const entry of entries) {
    if (worst === undefined || loadOf(entry) > loadOf(worst)) worst = entry;
    else if (loadOf(entry) === loadOf(worst) && entry.number > worst.number) worst = entry;
  }
  return worst;
}

/** A session without a place that must be forgotten because too many are kept; undefined: none. */
export function keptTooMany<Entry extends PlaceHolder>(
  entries: Iterable<Entry>,
  { keptSessions, keptTokens }: PlaceRules,
): Entry | undefined {
  const all = [...entries];
  const kept = all.filter(({ hasPlace, waitingSinceMs }) => !hasPlace && waitingSinceMs === null);
  if (kept.length <= keptSessions && tokensWithoutPlace(all) <= keptTokens) return undefined;
  const counts = countByKey(kept, () => true);
  const most = Math.max(...counts.values());
  // From the key with the most: first those whose end has been sent, then the oldest.
  const ofGreediest = kept.filter(({ key }) => counts.get(key.id) === most);
  return ofGreediest.find(({ state }) => state.link?.endSent === true) ?? ofGreediest[0];
}

/** Tokens that the sessions without a place hold in memory. */
function tokensWithoutPlace(entries: readonly PlaceHolder[]): number {
  let tokens = 0;
  for (const { hasPlace, state } of entries) {
    if (!hasPlace) tokens += state.text.length + state.open.prompt.length + state.open.answer.length;
  }
  return tokens;
}
