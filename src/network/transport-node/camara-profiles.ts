// The QoS profiles of CAMARA qos-profiles 1.1.0: reads what a network offers, and selects the profile that fits the requested rates. A
// network gives no other rates than those of its profiles. Pure but for its folder.

import type { SessionRates } from './bandwidth-enforcer.ts';
import { isRecord } from './json-service.ts';

/** What a session gets under a profile. */
export interface QosProfile extends SessionRates {
  readonly name: string;
  /** Length of a session, seconds. */
  readonly leastSeconds: number;
  readonly mostSeconds: number;
}

const bitsOf: Readonly<Record<string, number>> = { bps: 1, kbps: 1e3, Mbps: 1e6, Gbps: 1e9, Tbps: 1e12 };
const secondsOf: Readonly<Record<string, number>> = {
  Days: 86_400,
  Hours: 3600,
  Minutes: 60,
  Seconds: 1,
  Milliseconds: 1e-3,
  Microseconds: 1e-6,
  Nanoseconds: 1e-9,
};
const nameForm = /^[a-zA-Z0-9_.-]{3,256}$/;

/** The active profiles that name a rate in each direction; what is no profile is left out. */
export function readProfiles(body: unknown): readonly QosProfile[] {
  if (!Array.isArray(body)) return [];
  return body.flatMap((one: unknown) => {
    if (!isRecord(one) || one['status'] !== 'ACTIVE') return [];
    const { name } = one;
    // A target minimum is what the network means to keep; a maximum is what it allows.
    const up = amountOf(one['targetMinUpstreamRate'], bitsOf) ?? amountOf(one['maxUpstreamRate'], bitsOf);
    const down = amountOf(one['targetMinDownstreamRate'], bitsOf) ?? amountOf(one['maxDownstreamRate'], bitsOf);
    if (typeof name !== 'string' || !nameForm.test(name) || up === undefined || down === undefined) return [];
    const leastSeconds = Math.max(1, Math.ceil(amountOf(one['minDuration'], secondsOf) ?? 1));
    const mostSeconds = Math.floor(amountOf(one['maxDuration'], secondsOf) ?? Number.POSITIVE_INFINITY);
    if (mostSeconds < leastSeconds) return [];
    return [{ name, uplinkBitsPerSecond: up, downlinkBitsPerSecond: down, leastSeconds, mostSeconds }];
  });
}

/** The smallest profile that gives both rates; if none does, the one that comes nearest. */
export function fittingProfile(profiles: readonly QosProfile[], wanted: SessionRates): QosProfile | undefined {
  const enough = profiles.filter((profile) => nearness(profile, wanted) >= 1);
  if (enough.length === 0) return best(profiles, (profile) => nearness(profile, wanted));
  return best(enough, (profile) => -size(profile, wanted));
}

/** The smaller of the two ratios of a profile's rate to the requested one. */
function nearness(profile: SessionRates, wanted: SessionRates): number {
  return Math.min(
    profile.uplinkBitsPerSecond / wanted.uplinkBitsPerSecond,
    profile.downlinkBitsPerSecond / wanted.downlinkBitsPerSecond,
  );
}

function size(profile: SessionRates, wanted: SessionRates): number {
  return (
    profile.uplinkBitsPerSecond / wanted.uplinkBitsPerSecond +
    profile.downlinkBitsPerSecond / wanted.downlinkBitsPerSecond
  );
}

function best<Value>(values: readonly Value[], worth: (value: Value) => number): Value | undefined {
  let found: Value | undefined;
  for (const value of values) if (found === undefined || worth(value) > worth(found)) found = value;
  return found;
}

/** @param units what one of each unit is worth */
function amountOf(given: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (!isRecord(given)) return undefined;
  const { value, unit } = given;
  const factor = typeof unit === 'string' && Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0 || factor === undefined) return undefined;
  return value * factor;
}
