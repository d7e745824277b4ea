// Reads a scenario: text or data, overrides, a check of the whole, and all defaults. Reports all faults at once. It opens no files.

import { parseDocument } from 'yaml';
import { badArgument } from '../../src/core/basics/errors.ts';
import { checkTogether } from './check-together.ts';
import { describeIssue, formatPath } from './faults.ts';
import type { Scenario } from './scenario.ts';
import { scenarioSchema } from './scenario.ts';

/** One `--set`: workload.tasks.0.windowTokens and 12. */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
}

const currentVersion = 1;

/** The longest preset has 5,200. */
const mostCharacters = 50_000;

/**
 * Parses YAML, and JSON, which is valid YAML.
 * @param name of the file, for messages
 * @throws OutriderError `bad-argument` when it is neither
 */
export function parseScenarioText(text: string, name: string): unknown {
  // Parsing takes a thousand times the memory of the text, and for many keys and anchors the square of its length in time.
  if (text.length > mostCharacters) {
    const cause = `${name} has ${text.length} characters; a scenario has at most ${mostCharacters}`;
    throw badArgument(cause, 'Name the file of a scenario.');
  }
  try {
    const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    JSON.stringify(value);
    return value;
  } catch (error) {
    // An alias without an anchor, aliases that would fill the memory, a nest beyond the stack, or a list that holds itself.
    const [cause = ''] = (error as Error).message.split('\n');
    throw badArgument(`${name} is neither YAML nor JSON: ${cause}`, 'Mend the line that is named.');
  }
}

/** @param text "radio.bandwidthMHz=20" @throws OutriderError `bad-argument` */
export function parseOverride(text: string): Override {
  const equals = text.indexOf('=');
  const path = text
    .slice(0, Math.max(0, equals))
    .trim()
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.');
  if (equals <= 0 || path.some((step) => step === '' || step === '__proto__')) {
    throw badArgument(`"${text}" is not path=value`, 'Give --set a path and a value: --set radio.bandwidthMHz=20');
  }
  return { path, value: parseScenarioText(text.slice(equals + 1), `the value of ${path.join('.')}`) };
}

/**
 * @param raw from {@link parseScenarioText}, or an object
 * @param name of the file, for messages
 * @throws OutriderError `bad-argument`: each fault with path, value and allowed values
 */
export function readScenario(raw: unknown, name: string, overrides: readonly Override[] = []): Scenario {
  checkVersion(raw, name);
  const whole = overrides.reduce(applyOverride, structuredCopy(raw));
  const parsed = scenarioSchema.safeParse(whole);
  const faults = parsed.success
    ? checkTogether(parsed.data)
    : [...new Set(parsed.error.issues.flatMap((issue) => describeIssue(whole, issue)))];
  if (parsed.success && faults.length === 0) return parsed.data;
  const remedy =
    '"outrider scenario show paper" prints a whole one; docs/research/simulator.md tells what each field means.';
  const count = faults.length === 1 ? '' : `${faults.length} faults: `;
  throw badArgument(`scenario ${name}: ${count}${faults.join('; ')}`, remedy);
}

function checkVersion(raw: unknown, name: string): void {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    const remedy = 'A scenario begins with "version: 1"; "outrider scenario show paper" prints a whole one.';
    throw badArgument(`${name} holds no scenario`, remedy);
  }
  const { version } = raw as { readonly version?: unknown };
  if (version === currentVersion) return;
  const found = version === undefined ? 'says no version' : `is of version ${JSON.stringify(version)}`;
  const isNewer = typeof version === 'number' && version > currentVersion;
  const remedy = isNewer
    ? 'Install a newer outrider.'
    : `Compare it with docs/scenario.schema.json, then write "version: ${currentVersion}".`;
  throw badArgument(`scenario ${name} ${found}; this outrider reads version ${currentVersion}`, remedy);
}

/** Plain data only: a scenario contains nothing else. */
function structuredCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCopy);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, structuredCopy(one)]));
}

/** The reason of a value is removed when the value is replaced. */
function applyOverride(whole: unknown, { path, value }: Override): unknown {
  const root = whole as Record<string, unknown>;
  let at: Record<string, unknown> | unknown[] = root;
  for (const [index, step] of path.slice(0, -1).entries()) {
    const next = (at as Record<string, unknown>)[step];
    if (typeof next !== 'object' || next === null) {
      if (next !== undefined) {
        const cause = `--set ${path.join('.')}: ${formatPath(path.slice(0, index + 1))} is ${JSON.stringify(next)}, which has no parts`;
        throw badArgument(cause, 'Set the whole of it instead.');
      }
      (at as Record<string, unknown>)[step] = {};
    }
    at = (at as Record<string, unknown>)[step] as Record<string, unknown>;
  }
  const last = path.at(-1) as string;
  if (Array.isArray(at) && !(Number(last) >= 0 && Number(last) <= at.length)) {
    const cause = `--set ${path.join('.')}: the list has ${at.length} entries`;
    throw badArgument(cause, `Take an entry from 0 to ${at.length}.`);
  }
  (at as Record<string, unknown>)[last] = value;
  dropReasons(root, path.join('.'));
  return root;
}

function dropReasons(root: Record<string, unknown>, path: string): void {
  const { why } = root as { readonly why?: unknown };
  if (typeof why !== 'object' || why === null) return;
  const stays = Object.entries(why).filter(([key]) => key !== path && !key.startsWith(`${path}.`));
  root['why'] = Object.fromEntries(stays);
}
