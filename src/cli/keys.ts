// `outrider keys`: who may use an edge. The file holds digests; a secret is printed once, where it is made.

import { Command } from 'commander';
import { hasGrace, type KeyEntry, type KeyScope, type KeyTerms, keyScopes, keyState } from '../core/access/key-book.ts';
import { parseDuration } from '../core/access/key-text.ts';
import { defined } from '../core/basics/defined.ts';
import { badArgument } from '../core/basics/errors.ts';
import type { OptionsOf } from '../core/options/options.ts';
import { printDocument } from '../files/document.ts';
import { addKeyTo, defaultKeyFile, loadKeys, type MadeKey, revokeKeyIn, rotateKeyIn } from '../files/key-files.ts';
import { readUsage } from '../files/usage-file.ts';
import { commandOf } from './options/option-flags.ts';
import { note } from './terminal/note.ts';
import { formatTable } from './terminal/terminal-table.ts';

const shared = {
  keys: {
    flag: '--keys <file>',
    help: 'file of keys (default: keys.json in OUTRIDER_STATE or ~/.local/state/outrider)',
  },
  json: { flag: '--json', help: 'print one JSON document on standard output' },
} as const;
const counted = [1, 1024] as const;

const listOptions = {
  ...shared,
  usage: {
    flag: '--usage <file...>',
    help: 'files of edges (their --usage): adds the rows that each key has used, summed over them',
    texts: true,
  },
} as const;

const addOptions = {
  name: { argument: '<name>', help: 'whose key it is; logs and lists show it' },
  scope: {
    flag: '--scope <scope>',
    help: 'what it may be used for, with commas between: verify (devices), chat (completions over HTTP; the page takes both), metrics (scrapers), watch (the fleet page), admin (orders, metrics and the fleet page)',
    parse: parseScopes as (text: string) => readonly KeyScope[],
    default: ['verify'] as readonly KeyScope[],
    defaultLabel: 'verify',
  },
  expires: {
    flag: '--expires <when>',
    help: 'a duration from now (90d, 12h, 30m) or a date (2027-01-31); default: never',
    parse: parseExpiry as (text: string) => Expiry,
  },
  share: {
    flag: '--share <number>',
    help: 'share of the computing, relative to other keys',
    number: [0.001, 1000],
    default: 1,
  },
  maxSessions: {
    flag: '--max-sessions <count>',
    help: 'most answers at the same time (default: no limit)',
    whole: counted,
  },
  maxWaiting: {
    flag: '--max-waiting <count>',
    help: 'most openings that may wait for a place (default: no limit)',
    whole: [0, 1024],
  },
  rowsPerMinute: {
    flag: '--rows-per-minute <count>',
    help: 'most rows of the engine in a minute: tokens of prompts, drafts, and one for each step (default: no limit)',
    whole: [1, 1_000_000_000],
  },
  targetMs: {
    flag: '--target-ms <ms>',
    help: 'time per token that its answers are to keep, and the tightest that they may ask for (default: that of the edge)',
    number: [0.001, 3_600_000],
  },
  ...shared,
} as const;
const key = { argument: '<id|name>', help: 'which key' } as const;
const revokeOptions = { key, ...shared } as const;
const rotateOptions = {
  key,
  grace: {
    flag: '--grace <duration>',
    help: 'how long the present secret is still taken: 24h, 30m, 0',
    parse: parseDuration as (text: string) => number,
    default: 0,
    defaultLabel: '0',
  },
  ...shared,
} as const;

type Expiry = { readonly inMs: number } | { readonly at: string };

function parseExpiry(text: string): Expiry {
  if (/^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(text) && !Number.isNaN(Date.parse(text))) {
    const at = new Date(text).toISOString();
    // JavaScript takes the 31st of February for the 3rd of March.
    if (at.slice(0, 10) === text.slice(0, 10)) return { at };
  }
  try {
    return { inMs: parseDuration(text) };
  } catch (error) {
    throw new Error(`${(error as Error).message} Or a date: 2027-01-31.`);
  }
}

function parseScopes(text: string): readonly KeyScope[] {
  const words = text.split(',').map((word) => word.trim());
  const scopes = keyScopes.filter((scope) => words.includes(scope));
  if (words.every((word) => (keyScopes as readonly string[]).includes(word))) return scopes;
  throw new Error(`Allowed are ${keyScopes.join(', ')}, with commas between.`);
}

async function runAdd(flags: OptionsOf<typeof addOptions>): Promise<void> {
  const nowMs = Date.now();
  const { expires, maxSessions = null, maxWaiting = null, rowsPerMinute, targetMs: targetMsPerToken } = flags;
  const at = expires === undefined ? null : 'at' in expires ? expires.at : new Date(nowMs + expires.inMs).toISOString();
  const terms: KeyTerms = {
    name: flags.name,
    scopes: flags.scope,
    expires: at,
    share: flags.share,
    maxSessions,
    maxWaiting,
    // Left out, so that an older outrider can read the file as long as no key has one.
    ...defined({ rowsPerMinute, targetMsPerToken }),
  };
  const path = flags.keys ?? defaultKeyFile();
  printMade('keys add', await addKeyTo(path, terms, nowMs), flags.json, `added to ${path}`);
}

async function runRotate({ keys, key: which, grace, json }: OptionsOf<typeof rotateOptions>): Promise<void> {
  const path = keys ?? defaultKeyFile();
  const made = await rotateKeyIn(path, which, Date.now(), grace);
  const { former } = made.entry;
  const until = former === null ? 'the old secret is no longer taken' : `the old secret is taken until ${former.until}`;
  printMade('keys rotate', made, json, until);
}

async function runRevoke({ keys, key: which, json }: OptionsOf<typeof revokeOptions>): Promise<void> {
  const entry = await revokeKeyIn(keys ?? defaultKeyFile(), which, Date.now());
  if (json) return printDocument('keys revoke', { rows: [rowOf(entry, Date.now())], summary: { id: entry.id } });
  note(`revoked ${entry.id} (${entry.name}); a running edge ends its sessions within 5 s`);
}

async function runList({ keys, json, usage }: OptionsOf<typeof listOptions>): Promise<void> {
  const book = await loadKeys(keys ?? defaultKeyFile());
  const used = usage === undefined ? null : await rowsUsed(usage);
  const rows = book.map((entry) => ({
    ...rowOf(entry, Date.now()),
    ...(used === null ? {} : { rowsUsed: used.get(entry.id) ?? 0 }),
  }));
  const validCount = rows.filter(({ state }) => state === 'valid').length;
  if (json) return printDocument('keys list', { rows, summary: { keyCount: rows.length, validCount } });
  const shown = rows.map((row) => ({
    ...row,
    expires: row.expires === null ? 'never' : `${row.expires.slice(0, 16).replace('T', ' ')}Z`,
    created: row.created.slice(0, 10),
  }));
  if (shown.length === 0) note('there are no keys; "outrider keys add NAME" makes one');
  else {
    const columns = ['id', 'name', 'state', 'scopes', 'share', 'created', 'expires'];
    process.stdout.write(`${formatTable(shown, used === null ? columns : [...columns, 'rowsUsed'])}\n`);
  }
}

/** By the id of the key. @throws OutriderError `bad-argument`, `usage-unreadable`, `version-mismatch` */
async function rowsUsed(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  for (const path of new Set(paths)) {
    const kept = await readUsage(path);
    if (kept === null) throw badArgument(`there is no file of usage at ${path}`, "give the file of an edge's --usage");
    for (const { key, rows } of kept) sums.set(key, (sums.get(key) ?? 0) + rows);
  }
  return sums;
}

/** What may be seen of a key: neither its secret nor a digest. */
function rowOf(entry: KeyEntry, nowMs: number) {
  const { id, name, scopes, created, expires, revoked, share, maxSessions, maxWaiting, former } = entry;
  const { rowsPerMinute = null, targetMsPerToken = null } = entry;
  const formerUntil = hasGrace(entry, nowMs) ? (former?.until ?? null) : null;
  const state = keyState(entry, nowMs);
  const terms = { scopes: scopes.join(','), created, expires, revoked, formerUntil };
  return { id, name, state, ...terms, share, maxSessions, maxWaiting, rowsPerMinute, targetMsPerToken };
}

function holderOf(scopes: readonly KeyScope[]): string {
  return scopes.includes('verify') ? 'the device finds it (OUTRIDER_KEY)' : 'its holder finds it';
}

/** The secret is the only text on standard output, for scripts. */
function printMade(command: string, { entry, key: text }: MadeKey, json: boolean, what: string): void {
  if (json) {
    printDocument(command, { rows: [rowOf(entry, Date.now())], summary: { id: entry.id, key: text } });
    return;
  }
  note(`${entry.id} (${entry.name}): ${what}`);
  note(`the key is shown only now; keep it where ${holderOf(entry.scopes)}`);
  process.stdout.write(`${text}\n`);
}

/** The command tree of `outrider keys`. */
export function keysCommand(): Command {
  const list = 'list the keys, without their secrets';
  const add = 'make a key and print it, once';
  const revoke = 'end a key for ever';
  const rotate = 'give a key a new secret and print it, once';
  return new Command('keys')
    .description('who may use an edge: add, list, revoke and rotate keys')
    .addCommand(commandOf({ name: 'list', description: list, options: listOptions }, runList), { isDefault: true })
    .addCommand(commandOf({ name: 'add', description: add, options: addOptions }, runAdd))
    .addCommand(commandOf({ name: 'revoke', description: revoke, options: revokeOptions }, runRevoke))
    .addCommand(commandOf({ name: 'rotate', description: rotate, options: rotateOptions }, runRotate));
}
