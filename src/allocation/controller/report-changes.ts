// Reports of a device as what has changed since the one before. Most of a report stays the same from one to the next.

import { defined } from '../../core/basics/defined.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { mostEntries } from './message-schemas.ts';
import type { DeviceChanges, DeviceReport, LinkReport, SessionReport } from './messages.ts';

type Unnumbered<Report> = Omit<Report, 'seq'>;
type Report = Unnumbered<DeviceReport>;

/** A measurement that has moved by less than this part of itself is reported as before: its noise is larger. */
const leastMovedPart = 0.05;
/** The same for shares between 0 and 1. */
const leastMovedShare = 0.01;
/** The same for a place, metres. */
const leastMovedM = 2;
const digits = 4;

/** A report as it is sent: measurements to four digits, and as in the report before (null: none) where they have hardly moved. */
export function settled(before: Report | null, now: Report): Report {
  const links = new Map(before?.links.map((link) => [link.edge, link]));
  return {
    ...now,
    draftMs: steady(before?.draftMs, now.draftMs, leastMovedPart),
    acceptance: steady(before?.acceptance, now.acceptance, 0, leastMovedShare),
    battery: steady(before?.battery, now.battery, 0, leastMovedShare),
    feltMsPerToken: rounded(now.feltMsPerToken),
    uplinkUse: steady(before?.uplinkUse, now.uplinkUse, 0, leastMovedShare),
    place: steadyPlace(before?.place, now.place),
    links: now.links.map(({ edge, roundTripMs, bitsPerSecond }) => {
      const known = links.get(edge);
      return {
        edge,
        roundTripMs: steady(known?.roundTripMs, roundTripMs, leastMovedPart),
        bitsPerSecond: steady(known?.bitsPerSecond, bitsPerSecond, leastMovedPart),
      };
    }),
  };
}

/** What turns one report into the next; {@link withChanges} applies it. */
export function changesOf(before: Report, now: Report): Unnumbered<DeviceChanges> {
  const { kind: _, links, session, ...plain } = now;
  const changed = Object.entries(plain).filter(([field, value]) => !isSame(before[field as keyof Report], value));
  const fresh = links.filter((link) => !isSame(linkTo(before, link.edge), link));
  const linksGone = before.links.filter(({ edge }) => linkTo(now, edge) === undefined).map(({ edge }) => edge);
  return {
    kind: 'device-changes',
    ...(Object.fromEntries(changed) as Partial<typeof plain>),
    ...(fresh.length > 0 ? { links: fresh } : {}),
    ...(linksGone.length > 0 ? { linksGone } : {}),
    ...sessionChanges(before.session, session),
  };
}

/**
 * The report that follows from the one before, with the number of the changes.
 * @throws OutriderError `protocol-error`: the changes follow another report, or there would be too many links
 */
export function withChanges(before: DeviceReport | null, changes: DeviceChanges): DeviceReport {
  if (before === null || before.seq < 1 || changes.seq !== before.seq + 1)
    throw misused(`changes with the number ${changes.seq}, which do not follow the last report of this connection`);
  const { links = [], linksGone = [], writtenTokens, kind: _, ...plain } = changes;
  const fresh = new Map(links.map((link) => [link.edge, link]));
  const gone = new Set(linksGone);
  const kept = before.links
    .filter(({ edge }) => !gone.has(edge))
    .map((link) => {
      const now = fresh.get(link.edge) ?? link;
      fresh.delete(link.edge);
      return now;
    });
  const report: DeviceReport = { ...before, ...defined(plain), links: [...kept, ...fresh.values()] };
  if (report.links.length > mostEntries) throw misused(`changes that lead to ${report.links.length} links`);
  const { session } = report;
  if (writtenTokens === undefined || session === null) return report;
  return { ...report, session: { ...session, writtenTokens } };
}

function misused(cause: string): OutriderError {
  return new OutriderError('protocol-error', cause, 'begin with a whole report, and number reports one by one');
}

type SessionChanges = Pick<DeviceChanges, 'session' | 'writtenTokens'>;

function sessionChanges(before: SessionReport | null, now: SessionReport | null): SessionChanges {
  if (isSame(before, now)) return {};
  if (before === null || now === null) return { session: now };
  const { writtenTokens } = now;
  return isSame({ ...before, writtenTokens }, now) ? { writtenTokens } : { session: now };
}

function linkTo({ links }: Pick<Report, 'links'>, edge: string): LinkReport | undefined {
  return links.find((link) => link.edge === edge);
}

/** For values from JSON, the fields of which come in one order. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function steady<Value extends number | null>(
  before: number | null | undefined,
  now: Value,
  part: number,
  least = 0,
): Value {
  if (now === null || before == null) return rounded(now);
  const hasMoved = Math.abs(now - before) > Math.max(least, part * Math.abs(before));
  return hasMoved ? rounded(now) : (before as Value);
}

function steadyPlace(before: Report['place'] | undefined, now: Report['place']): Report['place'] {
  if (now === null) return null;
  if (before != null && Math.hypot(now.xM - before.xM, now.yM - before.yM) < leastMovedM) return before;
  const tenths = (metres: number): number => Math.round(10 * metres) / 10;
  return { xM: tenths(now.xM), yM: tenths(now.yM) };
}

function rounded<Value extends number | null>(value: Value): Value {
  return (value === null ? null : Number(value.toPrecision(digits))) as Value;
}
