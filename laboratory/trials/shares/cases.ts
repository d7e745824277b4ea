// The cases of trial shares: the resource, the devices and their shares; and how each case is measured.

import { type DevicePlan, openShareScene, type WindowFound } from './scene.ts';

export type Resource = 'compute' | 'downlink' | 'uplink';

export interface ShareCase {
  readonly name: string;
  readonly resource: Resource;
  readonly shares: readonly number[];
  /** Most rows of a step. */
  readonly maxRows: number;
  /** The devices decode without drafts: none can use more than a row of a step. */
  readonly decodesAlone?: true;
  /** How often drafts are right, in place of always; such a case is shown and not judged, as tokens are then not rows. */
  readonly agreement?: number;
  /** Shares before those: they change while the sessions run. */
  readonly before?: readonly number[];
  /** The first device sends almost nothing: the case measures how much of the resource stays unused. */
  readonly firstIsIdle?: true;
  /**
   * The first device has a key of its own, the others have one together, of equal share. Rows take this time, ms; steps have always room for
   * all. The first device is measured alone as well.
   */
  readonly crowd?: { readonly stepMs: number; readonly rowMs: number };
}

const two = [3, 1] as const;
const five = [5, 4, 3, 2, 1] as const;
const uneven = [8, 4, 2, 1, 1] as const;

export const shareCases: readonly ShareCase[] = [
  { name: 'two at 3:1', resource: 'compute', shares: two, maxRows: 16 },
  { name: 'five at 5:4:3:2:1', resource: 'compute', shares: five, maxRows: 16 },
  { name: 'five at 8:4:2:1:1', resource: 'compute', shares: uneven, maxRows: 16 },
  { name: 'two at 7:1, less than a row a step', resource: 'compute', shares: [7, 1], maxRows: 4 },
  {
    name: 'two at 3:1 without drafts, one row a step',
    resource: 'compute',
    shares: two,
    maxRows: 1,
    decodesAlone: true,
  },
  { name: 'two, changed from 1:3 to 3:1', resource: 'compute', shares: two, before: [1, 3], maxRows: 16 },
  { name: 'two at 3:1, the first idle', resource: 'compute', shares: two, maxRows: 16, firstIsIdle: true },
  { name: 'two at 3:1, a fifth of the drafts wrong', resource: 'compute', shares: two, maxRows: 16, agreement: 0.8 },
  ...[
    { name: 'a reader beside a crowd of seven, expensive rows', crowd: { stepMs: 12, rowMs: 24 } },
    { name: 'a reader beside a crowd of seven, cheap rows', crowd: { stepMs: 100, rowMs: 2.5 } },
  ].map((one): ShareCase => ({ ...one, resource: 'compute', shares: [7, 1, 1, 1, 1, 1, 1, 1], maxRows: 32 })),
  ...(['downlink', 'uplink'] as const).flatMap((resource): ShareCase[] => [
    { name: 'two at 3:1', resource, shares: two, maxRows: 32 },
    { name: 'five at 5:4:3:2:1', resource, shares: five, maxRows: 32 },
    { name: 'two, changed from 1:3 to 3:1', resource, shares: two, before: [1, 3], maxRows: 32 },
    { name: 'two at 3:1, the first idle', resource, shares: two, maxRows: 32, firstIsIdle: true },
  ]),
];

/** What a case found. */
export interface CaseFound {
  readonly window: WindowFound;
  readonly wrongTexts: number;
  readonly lateSteps: number;
  readonly steps: number;
  /** Tokens a second of the first device alone, where that was measured. */
  readonly firstAlone?: number;
}

/** Rate of the paced links, bit/s. A padded frame needs some 8,500 bits. */
export const linkBitsPerSecond = 1_000_000;
const paddedBytes = 1024;
/** So that every draft is worth its row, as on a GPU. */
const cheapRowMs = 0.02;
const steps = { compute: 30, downlink: 6, uplink: 10 } as const;
/**
 * Until the shares are felt: chains fill up, queues that were filled by other shares empty themselves. A controller sends rates once a
 * slot, from what was used before.
 */
const settleMs = { compute: 1500, downlink: 1500, uplink: 5000 } as const;

export async function measureCase(one: ShareCase, seconds: number, signal: AbortSignal): Promise<CaseFound> {
  const found = await measureScene(one, seconds, signal);
  if (one.crowd === undefined) return found;
  const { window } = await measureScene({ ...one, shares: one.shares.slice(0, 1) }, seconds, signal);
  return { ...found, firstAlone: ((window.devices[0]?.tokens ?? 0) * 1000) / window.ms };
}

async function measureScene(one: ShareCase, seconds: number, signal: AbortSignal): Promise<CaseFound> {
  const { resource, maxRows, shares, before, crowd } = one;
  await using scene = await openShareScene({
    devices: shares.map((_, number) => planOf(one, number)),
    ...(crowd ?? { stepMs: steps[resource], rowMs: cheapRowMs }),
    maxRows,
    ...(resource === 'downlink' ? { downlinkBitsPerSecond: linkBitsPerSecond } : {}),
    ...(resource === 'uplink' ? { uplinkBitsPerSecond: linkBitsPerSecond } : {}),
  });
  for (const set of before === undefined ? [shares] : [before, shares]) {
    if (resource === 'uplink') scene.setUplinkShares(set);
    else if (crowd === undefined)
      scene.setShares(set.map((share) => (resource === 'compute' ? { compute: share } : { downlink: share })));
    await scene.window(settleMs[resource], signal);
  }
  const window = await scene.window(seconds * 1000, signal);
  const { late, steps: all } = scene.lateSteps;
  return { window, wrongTexts: await scene.wrongTexts(), lateSteps: late, steps: all };
}

function planOf({ resource, decodesAlone, firstIsIdle, crowd, agreement = 1 }: ShareCase, number: number): DevicePlan {
  const isIdle = firstIsIdle === true && number === 0;
  const drafts = resource !== 'downlink' && decodesAlone !== true && !isIdle && (crowd === undefined || number > 0);
  return {
    agreement: drafts ? agreement : null,
    padding: resource === 'compute' || isIdle ? 0 : paddedBytes,
    key: crowd !== undefined && number > 0 ? 'crowd' : 'reader',
  };
}
