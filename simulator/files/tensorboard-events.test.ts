// Event files: the CRC's published vectors, the bytes of a small file, and TensorBoard's own reader, where it is installed.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { crc32c, openTensorboard } from './tensorboard-events.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-events-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('crc32c', () => {
  it('has the vectors of RFC 3720, B.4', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  });
});

describe('an event file', () => {
  it('has the frames and fields that the format says', () => {
    const writer = openTensorboard(join(root, 'bytes'), () => 1_000_500);
    writer.add(300, { 'reward/held_out': -0.5, alpha: null });
    const bytes = readFileSync(writer.file);
    expect(writer.file).toMatch(/events\.out\.tfevents\.0000001000\.outrider$/);
    const contents: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = Number(bytes.readBigUInt64LE(at));
      for (const [from, size] of [
        [at, 8],
        [at + 12, length],
      ] as const) {
        const crc = crc32c(bytes.subarray(from, from + size));
        const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
        expect(bytes.readUInt32LE(from + size)).toBe(masked);
      }
      contents.push(bytes.subarray(at + 12, at + 12 + length));
      at += 16 + length;
    }
    const wall = `09${Buffer.from(new Float64Array([1000.5]).buffer).toString('hex')}`;
    const version = `1a0d${Buffer.from('brain.Event:2').toString('hex')}`;
    expect(contents[0]?.toString('hex')).toBe(wall + version);
    const value = `0a0f${Buffer.from('reward/held_out').toString('hex')}15000000bf`;
    expect(contents[1]?.toString('hex')).toBe(`${wall}10ac022a180a16${value}`);
  });

  it("is read by TensorBoard's own reader", (context) => {
    const python = process.env['OUTRIDER_TENSORBOARD_PYTHON'] ?? 'python3';
    const isThere = spawnSync(python, ['-c', 'import tensorboard'], { stdio: 'ignore' }).status === 0;
    if (!isThere)
      context.skip('the Python package tensorboard is not there: pip install tensorboard, OUTRIDER_TENSORBOARD_PYTHON');
    const directory = join(root, 'read');
    const writer = openTensorboard(directory, () => 1_700_000_000_000);
    const values = Array.from({ length: 200 }, (_, index) => Math.fround(Math.sin(index) * 10 ** (index % 7)));
    for (const [index, value] of values.entries())
      writer.add(index * 1_000_003, { 'reward/held_out': value, other: 1 });
    const script = `import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
one = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0}).Reload()
print(json.dumps([one.Tags()["scalars"], [[s.step, s.value] for s in one.Scalars("reward/held_out")], one.Scalars("other")[0].wall_time]))`;
    const [tags, scalars, wallTime] = JSON.parse(execFileSync(python, ['-c', script, directory], { encoding: 'utf8' }));
    expect(tags).toEqual(['reward/held_out', 'other']);
    expect(scalars).toEqual(values.map((value, index) => [index * 1_000_003, value]));
    expect(wallTime).toBe(1_700_000_000);
  }, 60_000);
});
