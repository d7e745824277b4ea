// Rate limit of one connection: a token bucket for frames and one for bytes. It only decides; the caller closes the connection with
// 'rate-limited'.

import { between, type Checks } from '../../basics/check-options.ts';
import { invariant } from '../../basics/invariant.ts';

/** Rates and burst sizes of the two token buckets. */
export interface RateLimitSettings {
  readonly framesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Sizes of the buckets. A frame larger than `burstBytes` is never allowed. */
  readonly burstFrames: number;
  readonly burstBytes: number;
}

export const rateChecks: Checks<RateLimitSettings> = {
  framesPerSecond: between(Number.MIN_VALUE),
  bytesPerSecond: between(Number.MIN_VALUE),
  burstFrames: between(1),
  burstBytes: between(1),
};

/** For tests and simulations. */
export const unlimitedRate: RateLimitSettings = {
  framesPerSecond: 1e9,
  bytesPerSecond: 1e12,
  burstFrames: 1e9,
  burstBytes: 1e12,
};

/** The rates and bursts of `count` senders together. */
export function timesRate(rate: RateLimitSettings, count: number): RateLimitSettings {
  return {
    framesPerSecond: count * rate.framesPerSecond,
    bytesPerSecond: count * rate.bytesPerSecond,
    burstFrames: count * rate.burstFrames,
    burstBytes: count * rate.burstBytes,
  };
}

export interface RateLimit {
  readonly settings: RateLimitSettings;
  readonly frames: number;
  readonly bytes: number;
  readonly refilledAtMs: number;
}

/** Both buckets start full. */
export function createRateLimit(settings: RateLimitSettings, nowMs: number): RateLimit {
  for (const [name, value] of Object.entries(settings)) invariant(value > 0, `${name} must be positive, is ${value}`);
  return { settings, frames: settings.burstFrames, bytes: settings.burstBytes, refilledAtMs: nowMs };
}

/**
 * A refused frame uses nothing of the buckets, so a flood of large frames does not lock out small ones.
 * @param keptBytes bytes of the bucket that this frame leaves for others
 * @returns `waitMs`: 0, or the time after which so much may be taken, if nothing else is; infinite for a frame that the bucket can't hold
 */
export function take(
  limit: RateLimit,
  nowMs: number,
  frameBytes: number,
  keptBytes = 0,
): { readonly state: RateLimit; readonly allowed: boolean; readonly waitMs: number } {
  const { settings } = limit;
  // A clock that is set back must not empty the buckets.
  const elapsedSeconds = Math.max(0, nowMs - limit.refilledAtMs) / 1000;
  const frames = Math.min(settings.burstFrames, limit.frames + elapsedSeconds * settings.framesPerSecond);
  const bytes = Math.min(settings.burstBytes, limit.bytes + elapsedSeconds * settings.bytesPerSecond);
  const wantedBytes = frameBytes + keptBytes;
  const allowed = frames >= 1 && bytes >= wantedBytes;
  const refilledAtMs = Math.max(nowMs, limit.refilledAtMs);
  const state = { settings, frames: allowed ? frames - 1 : frames, bytes: allowed ? bytes - frameBytes : bytes };
  const waitSeconds = Math.max(
    (1 - frames) / settings.framesPerSecond,
    (wantedBytes - bytes) / settings.bytesPerSecond,
  );
  const isEver = wantedBytes <= settings.burstBytes;
  const waitMs = allowed ? 0 : isEver ? 1000 * waitSeconds : Number.POSITIVE_INFINITY;
  return { state: { ...state, refilledAtMs }, allowed, waitMs };
}
