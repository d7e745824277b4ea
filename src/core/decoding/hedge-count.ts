// How many alternatives a pass of a draft model extends at most, by what a further row of it costs. Pure.

/** The most that pay anywhere: their chances fall quickly. */
export const mostHedges = 24;
/** All of them together lengthen a pass by at most this share of the time of a draft. */
const widestPass = 0.8;

/**
 * Which of them are worth their row is another rule (hedge-worth.ts); this one bounds the time of a single pass, behind which the draft
 * beside them waits: 24 where a row costs 0.02 of a pass, as on hardware that reads its weights once for all rows, 8 at 0.1, one at 0.75.
 * @param widthShare what each adds to a pass, as a share of the time of a draft
 */
export function hedgesAtPrice(widthShare: number): number {
  return Math.min(mostHedges, Math.max(1, Math.floor(widestPass / Math.max(0, widthShare))));
}
