import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import type { EdgeLogEvent } from '../../processes/edge/edge-events.ts';
import { describeEvent, type EdgeLogSettings, openEdgeLog } from './edge-log.ts';

const here = folderOfEach();

const session = { session: 3, address: '10.0.0.7' };
const figures = { key: 'phone', tokens: 40, firstTokenMs: 14.2, msPerToken: 4.94, draftRows: 25, acceptedRows: 9 };
const lengths = { promptTokens: 22, answerTokens: 0 };
const flood = { count: 12_345, inMs: 10_000 };
const connection = { connection: 2, address: '10.0.0.7' };

/** One of each kind: a new kind without words here does not compile. */
const events: { readonly [Kind in EdgeLogEvent['kind']]: Extract<EdgeLogEvent, { kind: Kind }> } = {
  'connection-opened': { kind: 'connection-opened', ...connection },
  'connection-closed': {
    kind: 'connection-closed',
    ...connection,
    by: 'edge',
    code: 'rate-limited',
    detail: 'more frames or bytes than a draft needs',
    wasRefused: false,
  },
  refused: { kind: 'refused', ...connection, code: 'unauthorized', cause: 'the edge does not know it', key: null },
  'upgrade-refused': { kind: 'upgrade-refused', address: '10.0.0.7', reason: 'origin', detail: 'https://evil.example' },
  'session-opened': { kind: 'session-opened', ...session, key: 'phone', mode: 'stream', ...lengths },
  'session-waiting': { kind: 'session-waiting', ...session },
  'session-placed': { kind: 'session-placed', ...session, waitedMs: 120 },
  'session-displaced': { kind: 'session-displaced', ...session, why: 'lost' },
  'session-lost': { kind: 'session-lost', ...session },
  'session-resumed': { kind: 'session-resumed', ...session },
  'session-ended': { kind: 'session-ended', ...session, reason: 'length', ...figures },
  'session-forgotten': { kind: 'session-forgotten', ...session, ...figures, firstTokenMs: null, msPerToken: null },
  fault: { kind: 'fault', cause: 'ENOSPC', stack: null },
  'key-revoked': { kind: 'key-revoked', key: 'phone', sessions: 2 },
  'engine-stalled': { kind: 'engine-stalled' },
  'engine-returned': { kind: 'engine-returned' },
  draining: { kind: 'draining', sessions: 2, forMs: 30_000 },
  serving: { kind: 'serving' },
  closed: { kind: 'closed' },
  more: { kind: 'more', of: 'refused', level: 'warn', code: 'unauthorized', address: '10.0.0.7', ...flood },
};

async function logged(changes: Partial<EdgeLogSettings>, told: readonly EdgeLogEvent[] = Object.values(events)) {
  const file = here('edge.log');
  const log = await openEdgeLog({ level: 'debug', format: 'text', file, mostBytes: 1e6, kept: 1, ...changes });
  for (const event of told) log.event(event);
  await log.close();
  return stripVTControlCharacters(readFileSync(file, 'utf8')).trimEnd().split('\n');
}

describe('the log of an edge', () => {
  it('has each kind of event on the page for operators', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/operate/operations.md'), 'utf8');
    for (const kind of [...Object.keys(events), 'note', 'dropped']) expect(page).toContain(`\`${kind}\``);
  });

  it('has one line for each event, in words', async () => {
    const lines = await logged({});
    expect(lines).toHaveLength(Object.keys(events).length);
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ (error|warn|info|debug) +\S/);
    expect(describeEvent(events.more)).toBe('and 12,345 more in 10 s: refused, unauthorized, from 10.0.0.7');
    expect(describeEvent(events['connection-closed'])).toMatch(/ by the edge: rate-limited, more frames or bytes/);
    expect(describeEvent(events['session-ended'])).toBe(
      'session 3 ended (key phone): length, 40 tokens, the first after 14 ms, then 4.9 ms a token, 9 of 25 drafts accepted',
    );
  });

  it('has the fields of the event as JSON', async () => {
    const lines = await logged({ format: 'json' });
    const parsed = lines.map((line) => JSON.parse(line) as object);
    expect(parsed).toMatchObject(Object.values(events));
    for (const line of parsed) expect(line).toMatchObject({ time: expect.any(String), level: expect.any(String) });
  });

  const refusals = ['connection-closed', 'refused', 'upgrade-refused'];
  it.each([
    ['error', ['fault', 'engine-stalled']],
    ['warn', [...refusals, 'fault', 'key-revoked', 'engine-stalled', 'engine-returned', 'more']],
  ] as const)('tells at level %s only what is as grave', async (level, kinds) => {
    const lines = await logged({ format: 'json', level });
    expect(lines.map((line) => (JSON.parse(line) as EdgeLogEvent).kind)).toEqual(kinds);
  });

  it('keeps words of a stranger in their line', async () => {
    const lines = await logged({}, [{ ...events['upgrade-refused'], detail: 'a\n2026-01-01 error forged \u001b[2J' }]);
    expect(lines).toHaveLength(1);
  });

  it.runIf(existsSync('/dev/full'))('goes on where the disk is full', async () => {
    const log = await openEdgeLog({ level: 'debug', format: 'text', file: '/dev/full', mostBytes: 1e6, kept: 1 });
    log.event(events.closed);
    await log.close();
  });
});
