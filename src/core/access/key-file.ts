// The text of a file of keys: JSON, strict. A field that is missing, unknown or of another kind is an error: in such a file a slip of the
// pen decides who gets in.

import { OutriderError } from '../basics/errors.ts';
import { isName, type KeyBook, type KeyEntry, type KeyScope, keyScopes } from './key-book.ts';

const format = 'outrider-keys';
const formatVersion = 1;

export function writeKeyFile(keys: KeyBook): string {
  return `${JSON.stringify({ format, version: formatVersion, keys }, undefined, 2)}\n`;
}

/** @param path for messages @throws OutriderError `keys-unreadable`, `version-mismatch` */
export function readKeyFile(text: string, path: string): KeyBook {
  const refuse = (why: string): OutriderError => keysUnreadable(`${path} is no file of keys: ${why}`);
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw refuse('not JSON');
  }
  if (!isObject(file) || file['format'] !== format) throw refuse(`its format is not "${format}"`);
  if (file['version'] !== formatVersion) {
    const cause = `${path} has version ${String(file['version'])} of the format; this outrider reads ${formatVersion}`;
    throw new OutriderError('version-mismatch', cause, 'use the outrider that wrote it, or a newer one');
  }
  const { keys } = file;
  if (!Array.isArray(keys)) throw refuse('it has no list "keys"');
  const unknown = Object.keys(file).find((name) => !['format', 'version', 'keys'].includes(name));
  if (unknown !== undefined) throw refuse(`a field "${unknown}" is unknown`);
  keys.forEach((entry, index) => {
    const fault = faultOf(entry);
    if (fault !== null) throw refuse(`key ${index + 1}: ${fault}`);
  });
  const book = keys as KeyEntry[];
  if (new Set(book.map(({ id }) => id)).size !== book.length) throw refuse('two keys have the same id');
  return book;
}

/** @param cause one line */
export function keysUnreadable(cause: string, options?: ErrorOptions): OutriderError {
  return new OutriderError(
    'keys-unreadable',
    cause,
    'mend the file or put back a copy; "outrider keys add" begins a new one',
    options,
  );
}

type Check = (value: unknown) => boolean;

const isTime: Check = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) && !Number.isNaN(Date.parse(value));
const isDigest: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isCount: Check = (value) => Number.isInteger(value) && (value as number) >= 0;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

const checks: Readonly<Record<keyof KeyEntry, Check>> = {
  id: (value) => typeof value === 'string' && /^[a-z2-7]{8}$/.test(value),
  name: (value) => typeof value === 'string' && isName(value),
  sha256: isDigest,
  scopes: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((one) => keyScopes.includes(one as KeyScope)),
  created: isTime,
  expires: orNull(isTime),
  revoked: orNull(isTime),
  share: (value) => typeof value === 'number' && value > 0 && value <= 1000,
  maxSessions: orNull((value) => isCount(value) && value !== 0),
  maxWaiting: orNull(isCount),
  rowsPerMinute: (value) => value === undefined || value === null || (isCount(value) && value !== 0),
  targetMsPerToken: (value) => value === undefined || value === null || (typeof value === 'number' && value >= 0.001),
  former: orNull(
    (value) =>
      isObject(value) && isDigest(value['sha256']) && isTime(value['until']) && Object.keys(value).length === 2,
  ),
};

function faultOf(entry: unknown): string | null {
  if (!isObject(entry)) return 'not an object';
  const unknown = Object.keys(entry).find((name) => !(name in checks));
  if (unknown !== undefined) return `a field "${unknown}" is unknown`;
  const wrong = Object.entries(checks).find(([name, check]) => !check(entry[name]));
  return wrong === undefined ? null : `"${wrong[0]}" is ${wrong[0] in entry ? 'not allowed' : 'missing'}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
