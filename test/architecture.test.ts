// The houses stand as scripts/plot.json says: who may import whom, which packages each room uses, how large a file may get.
// Type-only imports count: a wall that types pass is no wall. `node scripts/house.mjs` prints sizes by the same table.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  budgetsOf,
  findBreaches,
  findImports,
  findPaths,
  houses,
  picture,
  plot,
  readSources,
  roomOf,
  rooms,
  type SourceFile,
  targetOf,
} from '../scripts/house.mjs';

const lineLimit = 400;
/** Lines of a house: the budgets of its floors (scripts/plot.json) add up to no more. More in one are less in another, in the same commit. */
const houseLimits = { src: 65_040, pages: 5780, simulator: 21_080, laboratory: 35_000, tests: 73_930 };
const unwantedNames = /^(utils?|common|shared|lib|types|helpers?|managers?)(\.ts)?$/;

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The first cycle found, as the paths along it, or nothing. */
function findCycle(files: readonly Pick<SourceFile, 'path' | 'imports'>[]): readonly string[] | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    const file = byPath.get(path);
    if (file === undefined || done.has(path)) return undefined;
    for (const specifier of file.imports.filter((one) => one.startsWith('.'))) {
      const cycle = visit(targetOf(file.path, specifier), [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const file of files) {
    const cycle = visit(file.path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

const sources = readSources();

describe('the houses', () => {
  it('are looked at as they are', () => {
    expect(sources.length).toBeGreaterThan(1000);
    const inhabited = new Set(sources.map(({ path }) => roomOf(path)?.room));
    expect(rooms.map(({ room }) => room).filter((room) => !inhabited.has(room))).toEqual([]);
    expect(sources.flatMap((file) => file.imports).length).toBeGreaterThan(sources.length);
  });

  it('import what lies below, nothing beside and nothing above', () => {
    expect(findBreaches(sources)).toEqual([]);
  });

  it('have no import cycles', () => {
    expect(findCycle(sources)).toBeUndefined();
  });

  it('keep files short', () => {
    expect(sources.filter((file) => file.lineCount > lineLimit).map((file) => file.path)).toEqual([]);
  });

  it('keep each floor, and the tests, within the budget of scripts/plot.json', () => {
    const parts = budgetsOf([...sources, ...readSources(['test'])]);
    expect(parts.length).toBeGreaterThan(10);
    expect(parts.filter(({ lines, budget }) => lines > budget)).toEqual([]);
  });

  it.each(Object.entries(houseLimits))('have budgets that fit %s: %d lines', (house, limit) => {
    const budgets = Object.entries(plot.budgets).filter(([name]) => name.split('/')[0] === house);
    const sum = budgets.reduce((total, [, lines]) => total + lines, 0);
    expect(sum).toBeGreaterThan(1000);
    expect(sum).toBeLessThanOrEqual(limit);
  });

  it('use nothing that the oldest supported Node lacks, where types do not tell', () => {
    const using = sources.filter(({ path }) => read(path).includes('new AsyncDisposableStack('));
    expect(using.map(({ path }) => path)).toEqual([]);
  });

  it('have no name that says nothing', () => {
    const names = sources.flatMap((file) => file.path.split('/'));
    expect(names.filter((name) => unwantedNames.test(name))).toEqual([]);
  });

  it('are drawn as they are: docs/houses.svg is what "node scripts/house.mjs --picture" prints', () => {
    expect(read('docs/houses.svg')).toBe(picture());
  });

  it('have a row for each room in docs/internals/architecture.md', () => {
    const page = read('docs/internals/architecture.md');
    const missing = rooms.filter(({ room }) => room !== 'bin' && !page.includes(`| \`${room}/\``));
    expect(missing.map(({ room }) => room)).toEqual([]);
  });

  it('are imported by no helper in test/ that a test of the product uses: none imports the laboratory', () => {
    const helpers = globSync('test/**/*.ts', { cwd: root }).filter((path) => !/\.test\.ts$/.test(path));
    const upward = helpers.filter((path) => findImports(read(path)).some((one) => one.includes('laboratory/')));
    expect(helpers.length).toBeGreaterThan(5);
    expect(upward).toEqual([]);
  });

  it('are walled by the compiler: each house refers to those below it', () => {
    const refersTo = (house: string): string[] =>
      [...read(`${house}/tsconfig.json`).matchAll(/"path": "\.\.\/(\w+)"/g)].map(([, name = '']) => name);
    expect(houses.map((house) => [house, refersTo(house)])).toEqual([
      ['src', []],
      // Compiled with the types of a browser, beside the others.
      ['pages', []],
      ['simulator', ['src']],
      ['laboratory', ['src', 'simulator']],
      ['bin', ['src', 'simulator']],
    ]);
  });

  it('show the same pure folders to the compiler and to the linter', () => {
    const [compiler, linter] = [read('tsconfig.pure.json'), read('biome.json')];
    for (const folder of plot.pure) {
      expect(compiler).toContain(`"${folder}"`);
      expect(linter).toContain(`"${folder}/**"`);
    }
  });
});

describe('the scan itself', () => {
  const file = (path: string, ...imports: string[]) => ({ path, imports });

  it('sees every form of import', () => {
    const text = [
      "import a from './a.ts';",
      "import type { B } from './b.ts';",
      "import {\n  c,\n} from '../c.ts';",
      "export * from './d.ts';",
      "import './e.ts';",
      "const f = await import('./f.ts');",
      "type G = import('./g.ts').G;",
      "// import h from './h.ts';",
      "import {\n  i, // it's the first\n  j,\n} from './i.ts';",
      "/* why */ import k from './k.ts';",
      'const l = await import(`./l.ts`);',
      "const m = await import(/* why */ './m.ts');",
      "  *n() { yield import('./n.ts'); }",
      "const o = require('./o.ts');",
      "const text = 'words from ' + other + ' here';",
    ].join('\n');
    const names = ['a', 'b', 'd', 'e', 'f', 'g', 'i', 'k', 'l', 'm', 'n', 'o'].map((name) => `./${name}.ts`);
    expect(findImports(text).sort()).toEqual(['../c.ts', ...names]);
  });

  it('sees paths by which workers and processes are started', () => {
    const text = "new Worker(new URL('../../laboratory/x.ts', import.meta.url)); // './comment.ts'\n// './no.ts'";
    expect(findPaths(text)).toContain('../../laboratory/x.ts');
    expect(findPaths(text)).not.toContain('./no.ts');
    const file = { path: 'src/cli/x.ts', imports: [], paths: findPaths(text).slice(0, 1) };
    expect(findBreaches([file])).toEqual(['src/cli/x.ts imports ../../laboratory/x.ts']);
  });

  it('finds planted breaches', () => {
    const planted = [
      file('src/core/basics/x.ts', '../decoding/verify.ts'), // a room above
      file('src/core/access/x.ts', '../decoding/verify.ts'), // a room beside
      file('src/core/protocol/x.ts', 'node:fs'), // a package
      file('src/models/port/x.ts', '../../network/transport/transport.ts'), // a floor beside
      file('src/processes/device/x.ts', '../../cli/program.ts'), // a floor above
      file('src/cli/x.ts', '../../simulator/world/channel.ts'), // a house above
      file('simulator/runner/x.ts', '../../laboratory/commands/bench.ts'),
      file('laboratory/trials/x.ts', '../../bin/clone-program.ts'),
      file('src/processes/edge/x.ts', '../../../test/x.ts'),
      file('src/unheard-of/x.ts'),
    ];
    expect(findBreaches(planted)).toHaveLength(planted.length);
    const fine = file('src/cli/x.ts', '../processes/edge/edge.ts', 'commander', './y.ts');
    expect(findBreaches([fine])).toEqual([]);
  });

  it('lets tests alone import a kit, and no test of it', () => {
    const kit = '../../laboratory/engine-conformance';
    expect(findBreaches([file('src/cli/x.test.ts', `${kit}/scripted.ts`)])).toEqual([]);
    expect(findBreaches([file('src/cli/x.ts', `${kit}/scripted.ts`)])).toHaveLength(1);
    expect(findBreaches([file('src/cli/x.test.ts', `${kit}/scripted.fixture.ts`)])).toHaveLength(1);
  });

  it('finds a planted cycle', () => {
    const planted = [file('src/a/x.ts', '../b/y.ts'), file('src/b/y.ts', './z.ts'), file('src/b/z.ts', '../a/x.ts')];
    expect(findCycle(planted)).toEqual(['src/a/x.ts', 'src/b/y.ts', 'src/b/z.ts', 'src/a/x.ts']);
    expect(findCycle(planted.slice(0, 2))).toBeUndefined();
  });
});
