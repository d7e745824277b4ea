// What an installation fetches and runs is what package-lock.json says: a hash for every archive, no install script, nothing under a
// name that isn't its own.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

interface Locked {
  readonly name?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Package {
  readonly overrides: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

const file = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const json = <Value>(path: string): Value => JSON.parse(readFileSync(file(path), 'utf8')) as Value;
const locked = Object.entries(json<{ packages: Record<string, Locked> }>('package-lock.json').packages);
const installed = locked.filter(([path]) => path.startsWith('node_modules/'));
const nameOf = (path: string): string => path.split('node_modules/').at(-1) ?? '';

describe('package-lock.json', () => {
  it('has a hash for every archive that is fetched', () => {
    const unchecked = installed.filter(([, { link, integrity }]) => link !== true && !integrity?.startsWith('sha512-'));
    expect(unchecked).toEqual([]);
    const foreign = locked.filter(
      ([, { resolved }]) => resolved !== undefined && !/^(file:)?(scripts\/|laboratory$)/.test(resolved),
    );
    expect(foreign).toEqual([]);
  });

  it('runs no install script', () => {
    const { allowScripts } = json<Package>('package.json');
    const running = installed.filter(([, one]) => one.hasInstallScript).map(([path]) => nameOf(path));
    expect(running.toSorted()).toEqual(Object.keys(allowScripts).toSorted());
    expect(Object.values(allowScripts)).not.toContain(true);
  });

  it('installs nothing under another name, but for the empty package in the place of engine binaries', () => {
    const { overrides } = json<Package>('package.json');
    const renamed = installed.filter(([path, { name }]) => name !== undefined && name !== nameOf(path));
    expect(renamed.map(([path]) => nameOf(path)).toSorted()).toEqual(Object.keys(overrides).toSorted());
    const integrity = `sha512-${createHash('sha512')
      .update(readFileSync(file('scripts/absent-engine.tgz')))
      .digest('base64')}`;
    for (const [, one] of renamed) {
      expect(one).toMatchObject({ name: 'absent-engine', resolved: 'file:scripts/absent-engine.tgz', integrity });
    }
  });

  it('has the empty package as its folder shows it', () => {
    const archive = gunzipSync(readFileSync(file('scripts/absent-engine.tgz'))).toString('utf8');
    const members = [...archive.matchAll(/package\/[\w./-]+(?=\0)/g)].map(([name]) => name);
    expect(members.toSorted()).toEqual(['package/README.md', 'package/package.json']);
    for (const member of members) {
      expect(archive).toContain(readFileSync(file(member.replace('package', 'scripts/absent-engine')), 'utf8'));
    }
  });

  it('has the Node that runs everything', () => {
    const { optionalDependencies } = json<{ optionalDependencies: Record<string, string> }>(
      'scripts/development-node/package.json',
    );
    for (const [name, version] of Object.entries(optionalDependencies)) {
      expect(Object.fromEntries(installed)[`node_modules/${name}`]).toMatchObject({ version });
    }
    expect(existsSync(file('node_modules/.bin'))).toBe(true);
  });
});

describe('site/package-lock.json', () => {
  const { packages } = json<{ packages: Record<string, Locked> }>('site/package-lock.json');
  const fetched = Object.entries(packages).filter(([path]) => path !== '');

  it('has a hash for every archive that is fetched, and names no host', () => {
    expect(fetched.length).toBeGreaterThan(100);
    expect(fetched.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
    expect(fetched.filter(([, { resolved, name }]) => resolved !== undefined || name !== undefined)).toEqual([]);
  });

  it('has exact versions, and runs no install script', () => {
    const { devDependencies } = json<{ devDependencies: Readonly<Record<string, string>> }>('site/package.json');
    for (const [name, version] of Object.entries(devDependencies))
      expect(packages[`node_modules/${name}`]).toMatchObject({ version });
    expect(readFileSync(file('site/.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
  });
});

describe('lists of Python packages', () => {
  it.each(['drafts/requirements.txt', 'sionna/requirements.txt', 'python/lm-eval/requirements.txt'])(
    '%s has a version and hashes for every package',
    (list) => {
      const text = readFileSync(file(list), 'utf8').replaceAll('\\\n', '');
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      expect(lines.length).toBeGreaterThan(10);
      for (const line of lines)
        expect(line).toMatch(/^[\w.-]+(?:\[\w+\])?==[\w.]+( ;[^#]+?)?( +--hash=sha256:[0-9a-f]{64})+$/);
    },
  );
});
