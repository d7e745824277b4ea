import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import { findScenario } from './scenario-file.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-extends-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, 'inner'));

function write(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

describe('a scenario file that extends', () => {
  it('a preset has its values, and its own over them', async () => {
    const mine = write('mine.yaml', 'extends: paper\nname: mine\nradio:\n  bandwidthMHz: 20\n');
    const expected = readPreset('paper', [parseOverride('radio.bandwidthMHz=20')]);
    expect(await findScenario(mine, [])).toEqual({ ...expected, name: 'mine' });
    const set = await findScenario(mine, ['radio.bandwidthMHz=40', 'slotMs=250']);
    expect([set.radio.bandwidthMHz, set.slotMs]).toEqual([40, 250]);
  });

  it('another file, which is found from its own folder', async () => {
    write('base.yaml', 'extends: modern\nname: base\nslotMs: 300\n');
    const mine = write('inner/mine.json', '{"extends": "../base.yaml", "queue": {"kappaMs": 7}}');
    const found = await findScenario(mine, []);
    expect([found.name, found.slotMs, found.queue.kappaMs]).toEqual(['base', 300, 7]);
    expect(found.queue.law).toEqual(readPreset('modern').queue.law);
  });

  it('replaces lists, and objects of another kind with all of their fields', async () => {
    const mine = write(
      'kinds.yaml',
      'extends: paper\nservers: {placement: {kind: list, sites: [{xM: 1, yM: 2}]}}\nworkload: {tasks: [{kind: chat, windowTokens: 8}]}\n',
    );
    const found = await findScenario(mine, []);
    expect(found.servers.placement).toEqual({ kind: 'list', sites: [{ xM: 1, yM: 2, heightM: 10 }] });
    expect(found.workload.tasks).toHaveLength(1);
    expect(found.servers.hardware).toEqual(readPreset('paper').servers.hardware);
    // Reasons of what is replaced are gone, those of what stays are there, and so are new ones.
    expect(found.why).not.toHaveProperty(['servers.placement.heightM']);
    expect(found.why).not.toHaveProperty(['workload.tasks']);
    expect(found.why).toHaveProperty(['workload.target']);
    const reasoned = write('why.yaml', 'extends: paper\nslotMs: 250\nwhy: {slotMs: Because.}\n');
    expect((await findScenario(reasoned, [])).why).toMatchObject({ slotMs: 'Because.', area: expect.any(String) });
  });

  it('itself, over others or not, is refused with the whole circle', async () => {
    const [first, second] = [join(root, 'a.yaml'), join(root, 'b.yaml')];
    write('a.yaml', 'extends: ./b.yaml\n');
    write('b.yaml', 'extends: a.yaml\n');
    await expect(findScenario(first, [])).rejects.toMatchObject({
      code: 'bad-argument',
      message: `scenario ${first} extends itself: ${first} > ${second} > ${first}`,
    });
  });

  it.each([
    ['extends: papper\n', 'no scenario "papper"'],
    ['extends: 3\n', 'extends is 3; allowed: the name of a preset, or the path of a file'],
    ['extends: ./nowhere.yaml\n', "nowhere.yaml can't be read: ENOENT"],
    ['extends: paper\nradio: {bandwidthMhz: 20}\n', 'radio.bandwidthMhz is unknown; did you mean radio.bandwidthMHz?'],
    ['extends: paper\nchannel: {map: x}\n', 'channel.map is unknown'],
  ])('wrongly is refused: %s', async (text, cause) => {
    await expect(findScenario(write('broken.yaml', text), [])).rejects.toThrow(cause);
  });
});
