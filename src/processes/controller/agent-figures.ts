// Small figures of a device's reports and rounds.

export function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

/** Coarse timers tell 0. */
export function positive(ms: number | null): number | null {
  return ms === null ? null : Math.max(0.01, ms);
}

export function shareOf(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 1;
}
