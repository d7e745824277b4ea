// The least that the machine and any control group leave, with what files occupy counted as free.

import { describe, expect, it } from 'vitest';
import { freeMemoryOfLinux } from './free-memory.ts';

const gib = 2 ** 30;
const meminfo = (available: number): string =>
  `MemTotal:       16777216 kB\nMemFree:          524288 kB\nMemAvailable: ${available / 1024} kB\nCached: 1 kB\n`;

function free(files: Readonly<Record<string, string>>): Promise<number | undefined> {
  return freeMemoryOfLinux(async (path) => files[path]);
}

const machine = { '/proc/meminfo': meminfo(8 * gib) };
const stat = (names: readonly [string, string], bytes: number): string =>
  `anon 5\n${names[0]}s 7\nx${names[0]} 7\n${names[0]} ${bytes}\n${names[1]} ${bytes}\nother 9\n`;

describe('free memory', () => {
  it('is what the machine could free', async () => {
    expect(await free(machine)).toBe(8 * gib);
  });

  it('is unknown where the system does not say', async () => {
    expect(await free({})).toBeUndefined();
    expect(await free({ '/proc/meminfo': 'MemFree: 524288 kB\n' })).toBeUndefined();
  });

  it('is what a control group leaves, of the second version', async () => {
    const group = {
      '/proc/self/cgroup': '0::/user/job\n',
      '/sys/fs/cgroup/user/job/memory.max': `${3 * gib}\n`,
      '/sys/fs/cgroup/user/job/memory.current': `${2 * gib}\n`,
    };
    expect(await free({ ...machine, ...group })).toBe(gib);
    const files = { '/sys/fs/cgroup/user/job/memory.stat': stat(['inactive_file', 'active_file'], gib / 4) };
    expect(await free({ ...machine, ...group, ...files })).toBe(1.5 * gib);
    const more = { '/sys/fs/cgroup/user/job/memory.stat': stat(['inactive_file', 'active_file'], 2 * gib) };
    expect(await free({ ...machine, ...group, ...more }), 'never more than the limit').toBe(3 * gib);
  });

  it('is what a control group leaves, of the first version', async () => {
    const group = {
      '/proc/self/cgroup': '9:name=systemd:/\n4:cpu,memory:/job\n0::/\n',
      '/sys/fs/cgroup/memory/job/memory.limit_in_bytes': `${3 * gib}\n`,
      '/sys/fs/cgroup/memory/job/memory.usage_in_bytes': `${2 * gib}\n`,
      '/sys/fs/cgroup/memory/job/memory.stat': stat(['total_inactive_file', 'total_active_file'], gib / 4),
    };
    expect(await free({ ...machine, ...group })).toBe(1.5 * gib);
  });

  it('may be limited by a group above, and in a container by the group at the root', async () => {
    for (const place of ['/user', '']) {
      const group = {
        '/proc/self/cgroup': '0::/user/job\n',
        '/sys/fs/cgroup/user/job/memory.max': 'max\n',
        '/sys/fs/cgroup/user/job/memory.current': `${gib}\n`,
        [`/sys/fs/cgroup${place}/memory.max`]: `${2 * gib}\n`,
        [`/sys/fs/cgroup${place}/memory.current`]: `${gib}\n`,
      };
      expect(await free({ ...machine, ...group }), place).toBe(gib);
    }
  });

  it('is the same in a group without a limit, and none in one that is over it', async () => {
    const at = (limit: string) => ({
      '/proc/self/cgroup': '4:memory:/\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': limit,
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${2 * gib}`,
    });
    expect(await free({ ...machine, ...at('9223372036854771712') })).toBe(8 * gib);
    expect(await free({ ...machine, ...at(`${gib}`) })).toBe(0);
  });
});
