// A scenario file that begins with another one: `extends: paper`, or the path of a file. The values of the file replace those of what it
// extends; everything else stays. It opens no files.

import { badArgument } from '../../src/core/basics/errors.ts';

type Plain = Readonly<Record<string, unknown>>;

/** What a file extends, and its own values. */
export interface Extension {
  /** A preset, or a path relative to the file; undefined: the file stands alone. */
  readonly base: string | undefined;
  readonly own: unknown;
}

/** @param name of the file, for messages @throws OutriderError `bad-argument` when `extends` is no text */
export function splitExtension(raw: unknown, name: string): Extension {
  if (!isPlain(raw) || !Object.hasOwn(raw, 'extends')) return { base: undefined, own: raw };
  const { extends: base, ...own } = raw;
  if (typeof base === 'string' && base !== '') return { base, own };
  const cause = `scenario ${name}: extends is ${JSON.stringify(base)}; allowed: the name of a preset, or the path of a file`;
  throw badArgument(cause, 'Write "extends: paper", or leave it out.');
}

/**
 * The values of `own` over those of `base`. Objects are merged key by key; lists and plain values are replaced whole, and so is an
 * object of another `kind`, whose fields are others. A replaced value loses the reason that `base.why` gives for it.
 */
export function extendScenario(base: unknown, own: unknown): unknown {
  if (!isPlain(base) || !isPlain(own)) return own;
  const { why: baseWhy, ...baseRest } = base;
  const { why: ownWhy, ...ownRest } = own;
  const merged = merge(baseRest, ownRest);
  const reasons = isPlain(baseWhy) ? reasonsThatStay(baseWhy, baseRest, ownRest) : {};
  const why = ownWhy === undefined || isPlain(ownWhy) ? { ...reasons, ...ownWhy } : ownWhy;
  return { ...(merged as object), why };
}

function merge(base: unknown, own: unknown): unknown {
  if (!isPlain(base) || !isPlain(own) || isOtherKind(base, own)) return own;
  const merged = { ...base };
  for (const [key, value] of Object.entries(own))
    merged[key] = Object.hasOwn(base, key) ? merge(base[key], value) : value;
  return merged;
}

function isOtherKind(base: Plain, own: Plain): boolean {
  return own['kind'] !== undefined && own['kind'] !== base['kind'];
}

function reasonsThatStay(why: Plain, base: Plain, own: Plain): Plain {
  return Object.fromEntries(Object.entries(why).filter(([path]) => !isReplaced(base, own, path.split('.'))));
}

/** Whether `own` changes the value at this path, a value above it that takes it along, or one below it. */
function isReplaced(base: unknown, own: unknown, path: readonly string[]): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return own !== undefined;
  if (!isPlain(own) || (isPlain(base) && isOtherKind(base, own))) return own !== undefined;
  if (!Object.hasOwn(own, step)) return false;
  return isReplaced(isPlain(base) ? base[step] : undefined, own[step], rest);
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
