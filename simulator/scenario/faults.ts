// The faults of a scenario, one line each: path, value, allowed values. It finds no faults itself.

import type { z } from 'zod';
import { nearestName } from '../../src/core/basics/nearest-name.ts';
import { allowedAt, childOf, keysAt, type Path } from './allowed.ts';

/** @param raw the whole scenario as it was given */
export function describeIssue(raw: unknown, issue: z.core.$ZodIssue): string[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(raw, path);
    return issue.keys.map((key) => {
      const nearest = nearestName(key, known);
      const hint =
        nearest === undefined ? `allowed: ${known.join(', ')}` : `did you mean ${formatPath([...path, nearest])}?`;
      return `${formatPath([...path, key])} is unknown; ${hint}`;
    });
  }
  if (issue.code === 'custom') return [`${formatPath(path)} ${issue.message}`];
  if (issue.code === 'invalid_union') {
    const inner = closestBranch(issue);
    if (inner !== undefined) {
      return inner.flatMap((one) => describeIssue(raw, { ...one, path: [...path, ...one.path] } as z.core.$ZodIssue));
    }
  }
  const value = valueAt(raw, path);
  const allowed = allowedAt(raw, path);
  if (value === undefined) return [`${formatPath(path)} is missing; allowed: ${allowed}`];
  return [`${formatPath(path)} is ${shorten(value)}; allowed: ${allowed}`];
}

/** Of several forms the one with the right outer type, if there is only one. */
function closestBranch(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  const fitting = issue.errors.filter((one) => one.length > 0 && one.every(({ path }) => path.length > 0));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** "workload.tasks[0].kind" */
export function formatPath(path: Path): string {
  if (path.length === 0) return 'the scenario';
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

/** Undefined if there is none. */
export function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(childOf, raw);
}

function shorten(value: unknown): string {
  // JSON has no NaN and no Infinity: it would write both as null.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
