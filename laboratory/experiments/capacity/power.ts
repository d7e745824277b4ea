// The power of the hardware behind each profile, and the energy of a token on the edge. A model, not a measurement: while a step runs the
// accelerators draw their whole limit, otherwise what they draw with a model loaded.

/** Watts of all accelerators of a profile together. */
export interface EdgePower {
  readonly busyW: number;
  readonly idleW: number;
}

/** Share of the limit that is drawn between steps with a model in memory: an assumption. */
const idleShare = 0.2;

/** Board power limits of the makers' data sheets: RTX A6000 300 W, A100 80GB SXM 400 W, RTX 4090 450 W. */
const limitsW: Readonly<Record<string, number>> = {
  'edge-70b-a6000': 300,
  'edge-70b-a100x2': 2 * 400,
  'edge-8b-rtx4090': 450,
};

/** Null: no such hardware is known, as of a profile that was chosen and not measured. */
export function edgePower(profile: string): EdgePower | null {
  const busyW = limitsW[profile];
  return busyW === undefined ? null : { busyW, idleW: idleShare * busyW };
}

/** @param busyMs time in which a step ran @param elapsedMs all the time @returns null: the power is not known */
export function joulesPerToken(
  power: EdgePower | null,
  { tokens, busyMs, elapsedMs }: { readonly tokens: number; readonly busyMs: number; readonly elapsedMs: number },
): number | null {
  if (power === null || tokens === 0) return null;
  return (power.busyW * busyMs + power.idleW * Math.max(0, elapsedMs - busyMs)) / 1000 / tokens;
}
