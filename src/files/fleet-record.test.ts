import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fleetBed } from '../allocation/controller/watch/fleet.fixture.ts';
import { fleetOf, type Row } from '../allocation/controller/watch/fleet-rows.ts';
import { FleetWatch } from '../allocation/controller/watch/fleet-watch.ts';
import { applyFrame, readLine } from '../allocation/controller/watch/watch-messages.ts';
import { recordFleet } from './fleet-record.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-record-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const { members, move } = fleetBed(2, 20);
const watch = new FleetWatch(1);
const ended: string[] = [];
const settings = { fleet: () => watch.fleet(members, 1), onEnded: (why: string) => void ended.push(why), everyMs: 10 };

async function linesOf(path: string): Promise<readonly string[]> {
  return (await readFile(path, 'utf8')).trimEnd().split('\n');
}

it('a record has the whole fleet, then its changes, and a later run continues the file', async () => {
  const path = join(folder, 'fleet.jsonl');
  for (let run = 1; run < 3; run += 1) {
    await using _ = recordFleet(path, settings);
    for (let count = 1; count < 4; count += 1) {
      const before = (await linesOf(path)).length;
      move(run * 10 + count);
      await expect.poll(async () => (await linesOf(path)).length, { interval: 5 }).toBeGreaterThan(before + 1);
    }
  }
  const table = new Map<string, Row>();
  let heads = 0;
  for (const line of await linesOf(path)) {
    const read = readLine(line);
    if (read.kind === 'fleet') applyFrame(table, read);
    else heads += 1;
  }
  expect(heads).toBe(2);
  expect(fleetOf(table)?.devices).toEqual(watch.fleet(members, 1).devices);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('a record ends at its size, and says so once', async () => {
  const path = join(folder, 'small.jsonl');
  await using _ = recordFleet(path, { ...settings, mostBytes: 200 });
  await expect.poll(() => ended.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ended).toEqual([`${path} ends here: it has 0 MiB`]);
  expect((await stat(path)).size).toBeLessThan(200);
});

it('a record that can not be written is refused at the start', () => {
  expect(() => recordFleet(join(folder, 'none', 'x'), settings)).toThrow(
    expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining('ENOENT') }),
  );
});
