// The one JSON document that a bench or trial prints with --json. Standard output holds it and nothing else; progress and
// notices go to standard error. It names the machine's kind, never its host name or a path.

import { readFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { basename } from 'node:path';
import type { OutriderError } from '../core/basics/errors.ts';
import { withoutSecrets } from '../core/basics/secret.ts';
import { shippedPath } from '../models/files/shipped-path.ts';

/** What a command found out. */
export interface Result {
  /** One object per measured case; the same keys in every row. */
  readonly rows: readonly object[];
  /** Flat; names carry their units (`roundTripMs`, `payloadBytesPerToken`). */
  readonly summary: Readonly<Record<string, string | number | boolean | null>>;
  /** The settings in force, defaults included. */
  readonly params?: object;
  /** The seed that repeats the run. */
  readonly seed?: number;
}

export interface Machine {
  readonly cpu: string;
  readonly coreCount: number;
  readonly memoryGiB: number;
  /** Operating system and processor family: "linux-x64". */
  readonly platform: string;
  readonly node: string;
}

export interface Document<Row extends object = object> {
  readonly command: string;
  readonly version: string;
  readonly machine: Machine;
  /** When the document was made, ISO 8601 in UTC. */
  readonly date: string;
  readonly seed: number | null;
  readonly params: object;
  readonly rows: readonly Row[];
  readonly summary: Result['summary'];
  /** Only where the command failed: the rest is what was there until then. */
  readonly error?: { readonly code: string; readonly cause: string; readonly remedy: string };
}

/** A model as a document names it: as it was typed, but of a path only the file's own name. */
export function modelLabel(spec: string): string {
  return basename(spec);
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(shippedPath('package.json'), 'utf8')) as { version: string };
  return version;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    coreCount: processors.length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    platform: `${platform()}-${arch()}`,
    node: process.versions.node,
  };
}

/** @param failure that ends the command */
export function buildDocument(command: string, result: Result, date: Date, failure?: OutriderError): Document {
  const error =
    failure === undefined ? {} : { error: { code: failure.code, cause: failure.message, remedy: failure.remedy } };
  return {
    command,
    version: packageVersion(),
    machine: describeMachine(),
    date: date.toISOString(),
    seed: result.seed ?? null,
    params: shown(result.params ?? {}) as object,
    rows: result.rows,
    summary: result.summary,
    ...error,
  };
}

/** A copy for others to read: without what an address has of a password. Secrets leave themselves out. */
function shown(value: unknown): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (Array.isArray(value)) return value.map(shown);
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shown(inner)]));
}

let isPrinted = false;

/** Standard output has its one document. */
export function isDocumentPrinted(): boolean {
  return isPrinted;
}

/**
 * Writes the document to standard output, one line at the end.
 *
 * @param command the words after `outrider`, without flags: "trial exactness"
 */
export function printDocument(command: string, result: Result, failure?: OutriderError): void {
  isPrinted = true;
  process.stdout.write(`${jsonText(buildDocument(command, result, new Date(), failure), 2)}\n`);
}

/** JSON leaves DEL and the C1 controls as they are, and a terminal follows them; escaped they are the same document. */
function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  return text.replace(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}
