// Reads what a watcher says to a controller: what it wants to see. Its answers are snapshots (fleet-rows.ts).

import { z } from 'zod';
import { OutriderError } from '../../../core/basics/errors.ts';
import { type Ask, type WatchMessage, watchVersion } from './fleet-view.ts';

const mostAskBytes = 4096;
const textDecoder = new TextDecoder('utf-8', { fatal: true });

const id = z.string().max(64).nullable().default(null);
const metres = z.number();
const ask = { window: z.tuple([metres, metres, metres, metres]).nullable().default(null), edge: id, device: id };
const schemas = {
  watch: z.object({
    kind: z.literal('watch'),
    version: z.literal(watchVersion),
    credentials: z.string().max(1024),
    ...ask,
  }),
  ask: z.object({ kind: z.literal('ask'), ...ask }),
};

/**
 * A message of a watcher.
 * @returns null: of another kind, as that of a member
 * @throws OutriderError `protocol-error`, `version-mismatch`
 */
export function decodeWatcher(bytes: Uint8Array): WatchMessage | ({ readonly kind: 'ask' } & Ask) | null {
  if (bytes.length > mostAskBytes) return null;
  const raw = readObject(bytes);
  const { kind, version } = raw;
  if (kind !== 'watch' && kind !== 'ask') return null;
  if (kind === 'watch' && version !== watchVersion) {
    const cause = `the controller speaks version ${watchVersion} to watchers, not ${String(version).slice(0, 20)}`;
    throw new OutriderError('version-mismatch', cause, 'load the page again');
  }
  const parsed = schemas[kind].safeParse(raw);
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues[0]?.path.join('.');
  throw new OutriderError('protocol-error', `${what} of a watcher is not understood`, 'load the page again');
}

function readObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(textDecoder.decode(bytes))) as Record<string, unknown>;
  } catch {
    return {};
  }
}
