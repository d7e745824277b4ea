// Who may import whom, and how large a file may get. The table is the one place where this is written down; docs/architecture.md
// shows the same table to people. Type-only imports count: a wall that types pass is no wall.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const pureFolders = [
  'basics',
  'access',
  'decoding',
  'scheduling',
  'protocol',
  'traces',
  'world',
  'scenario',
  'allocation',
  'learned',
  'controller',
  'models',
  'exactness',
  'virtual-time',
  'simulation',
];
const any = '*';

/** Folder of src/ to the folders that it may import, beside itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  basics: [],
  access: ['basics'],
  decoding: ['basics'],
  scheduling: ['basics', 'decoding'],
  protocol: ['basics', 'decoding', 'scheduling'],
  traces: ['basics', 'decoding'],
  world: ['basics'],
  scenario: ['basics', 'world'],
  allocation: ['basics', 'scheduling'],
  learned: ['basics', 'allocation'],
  controller: ['basics', 'decoding', 'scheduling', 'protocol', 'allocation'],
  models: ['basics', 'decoding', 'traces'],
  exactness: ['basics', 'decoding', 'scheduling', 'models'],
  'virtual-time': ['basics', 'decoding', 'scheduling', 'protocol', 'traces'],
  simulation: [
    'basics',
    'decoding',
    'scheduling',
    'protocol',
    'traces',
    'world',
    'scenario',
    'allocation',
    'virtual-time',
  ],
  training: ['basics', 'world', 'scenario', 'allocation', 'learned', 'simulation'],
  gguf: ['basics'],
  'model-files': ['basics', 'gguf'],
  engines: ['basics', 'decoding', 'models', 'exactness', 'gguf', 'model-files'],
  transport: ['basics', 'protocol'],
  'transport-node': ['basics', 'protocol', 'transport'],
  device: ['basics', 'decoding', 'protocol', 'models', 'transport'],
  edge: ['basics', 'decoding', 'scheduling', 'protocol', 'models', 'transport', 'transport-node'],
  live: [
    'basics',
    'scheduling',
    'protocol',
    'allocation',
    'controller',
    'transport',
    'transport-node',
    'device',
    'edge',
  ],
  http: ['basics', 'decoding', 'protocol', 'models', 'transport-node', 'device'],
  metrics: ['basics', 'edge', 'http'],
  figures: ['allocation', 'world'],
  files: [
    'basics',
    'access',
    'scenario',
    'world',
    'allocation',
    'learned',
    'models',
    'model-files',
    'protocol',
    'simulation',
    'traces',
    'device',
    'edge',
  ],
  laboratory: [
    'basics',
    'allocation',
    'controller',
    'protocol',
    'models',
    'transport',
    'transport-node',
    'device',
    'live',
    'files',
    'figures',
    'model-files',
  ],
  trials: [
    'basics',
    'access',
    'decoding',
    'scheduling',
    'protocol',
    'traces',
    'world',
    'allocation',
    'controller',
    'models',
    'exactness',
    'virtual-time',
    'gguf',
    'model-files',
    'engines',
    'transport',
    'transport-node',
    'device',
    'edge',
    'live',
    'http',
    'files',
    'figures',
    'laboratory',
  ],
  experiments: [
    'basics',
    'decoding',
    'scheduling',
    'protocol',
    'traces',
    'world',
    'scenario',
    'allocation',
    'learned',
    'controller',
    'models',
    'exactness',
    'virtual-time',
    'simulation',
    'training',
    'gguf',
    'model-files',
    'engines',
    'transport',
    'transport-node',
    'device',
    'edge',
    'live',
    'http',
    'files',
    'figures',
    'laboratory',
    'trials',
  ],
  api: [
    'basics',
    'decoding',
    'scheduling',
    'protocol',
    'traces',
    'world',
    'scenario',
    'allocation',
    'models',
    'virtual-time',
    'simulation',
    'model-files',
    'engines',
    'transport',
    'transport-node',
    'device',
    'edge',
  ],
  cli: [any],
  'index.ts': [
    'basics',
    'decoding',
    'scheduling',
    'protocol',
    'allocation',
    'models',
    'engines',
    'transport',
    'transport-node',
    'device',
    'edge',
    'api',
  ],
};

/** Folder to the packages that its shipped code may import. Tests may import any. */
const mayImportPackages: Readonly<Record<string, readonly string[]>> = {
  basics: [],
  access: [],
  decoding: [],
  scheduling: [],
  protocol: [],
  traces: [],
  world: [],
  scenario: ['zod', 'yaml'],
  allocation: ['zod'],
  learned: [],
  controller: ['zod'],
  models: [],
  exactness: [],
  'virtual-time': [],
  simulation: [],
  training: ['@jax-js/jax'],
  gguf: ['node'],
  'model-files': ['node'],
  engines: ['node', 'node-llama-cpp', 'koffi', 'zod', '@mlc-ai/web-xgrammar'],
  transport: [],
  'transport-node': ['node', 'ws'],
  device: [],
  edge: ['node'],
  live: ['node'],
  http: ['node', 'hono', '@hono/node-server', 'zod'],
  metrics: ['prom-client'],
  figures: ['vega'],
  files: ['node', 'vega', '@resvg/resvg-js'],
  laboratory: ['node', 'vega'],
  trials: [
    ...['node', 'highs'],
    ...['openai', 'ai', '@ai-sdk/openai-compatible', '@langchain/openai', '@anthropic-ai/sdk', 'zod'],
  ],
  experiments: ['node', 'vega', 'hyparquet-writer', '@jax-js/jax'],
  api: [],
  cli: ['node', 'commander', 'vega', 'yaml'],
  'index.ts': [],
};

const lineLimit = 400;
const unwantedNames = /^(utils?|common|shared|lib|types|helpers?|managers?)(\.ts)?$/;

const root = fileURLToPath(new URL('..', import.meta.url));

interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly lineCount: number;
  /** As written: './x.ts', 'ws', 'node:fs'. */
  readonly imports: readonly string[];
}

function readSources(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const text = readFileSync(file, 'utf8');
      return {
        path: relative(root, file).replaceAll('\\', '/'),
        lineCount: text.trimEnd().split('\n').length,
        imports: findImports(text),
      };
    });
}

/** Static, side-effect, dynamic and type imports, and re-exports. Words in a comment line don't count. */
function findImports(text: string): string[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const patterns = [
    /^\s*(?:import|export)\s[^'"`;=]*\bfrom\s*['"]([^'"\s]+)['"]/gm,
    /^\s*import\s*['"]([^'"\s]+)['"]/gm,
    /\bimport\(\s*['"]([^'"\s]+)['"]/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
}

/** 'src/decoding/verify.ts' is of 'decoding', 'src/index.ts' of 'index.ts'. */
function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function targetOf(file: SourceFile, specifier: string): string {
  return join(dirname(file.path), specifier).replaceAll('\\', '/');
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return 'node';
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.');
const isTest = (file: SourceFile): boolean => /\.(test|contract)\.ts$/.test(file.path);

function findBreaches(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const folder = folderOf(file.path);
    const allowed = mayImport[folder] ?? [];
    return file.imports
      .filter((specifier) => {
        if (!isRelative(specifier)) {
          return !isTest(file) && !(mayImportPackages[folder] ?? []).includes(packageOf(specifier));
        }
        const target = targetOf(file, specifier);
        if (!target.startsWith('src/')) return !isTest(file) && target !== 'package.json';
        return folderOf(target) !== folder && !allowed.includes(any) && !allowed.includes(folderOf(target));
      })
      .map((specifier) => `${file.path} imports ${specifier}`);
  });
}

/** The first cycle found, as the paths along it, or nothing. */
function findCycle(files: readonly SourceFile[]): readonly string[] | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    const file = byPath.get(path);
    if (file === undefined || done.has(path)) return undefined;
    for (const specifier of file.imports.filter(isRelative)) {
      const cycle = visit(targetOf(file, specifier), [...trail, path]);
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

const sources = readSources('src');

describe('architecture', () => {
  it('is checked on real files', () => {
    expect(sources.length).toBeGreaterThan(20);
    for (const folder of pureFolders) expect(sources.map((file) => folderOf(file.path))).toContain(folder);
    expect(sources.flatMap((file) => file.imports).length).toBeGreaterThan(sources.length);
  });

  it('has every folder in the import table', () => {
    expect(sources.filter((file) => mayImport[folderOf(file.path)] === undefined).map((file) => file.path)).toEqual([]);
  });

  it('lets folders import only what the table allows', () => {
    expect(findBreaches(sources)).toEqual([]);
  });

  it('has no import cycles', () => {
    expect(findCycle(sources)).toBeUndefined();
  });

  it('keeps files short and folders two deep, three where each experiment or trial has its own', () => {
    expect(sources.filter((file) => file.lineCount > lineLimit).map((file) => file.path)).toEqual([]);
    const code = sources.filter((file) => !file.path.includes('/golden/'));
    const depthOf = ({ path }: SourceFile): number => (/^src\/(experiments|trials)\//.test(path) ? 4 : 3);
    expect(code.filter((file) => file.path.split('/').length > depthOf(file)).map((file) => file.path)).toEqual([]);
  });

  it('uses nothing that the oldest supported Node lacks, where types do not tell', () => {
    const using = sources.filter(({ path }) =>
      readFileSync(join(root, path), 'utf8').includes('new AsyncDisposableStack('),
    );
    expect(using.map(({ path }) => path)).toEqual([]);
  });

  it('has no name that says nothing', () => {
    const names = sources.flatMap((file) => file.path.split('/').slice(1));
    expect(names.filter((name) => unwantedNames.test(name))).toEqual([]);
  });

  it('is told to people as it is', () => {
    const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
    for (const [folder, allowed] of Object.entries(mayImport)) {
      const row = page
        .split('\n')
        .find((line) => /^\| `\w/.test(line) && line.split('|')[1]?.includes(`\`${folder}\``));
      const told = [...(row?.split('|')[2] ?? '').matchAll(/`([^`]+)`|\b(any)\b/g)].map((match) => match[1] ?? any);
      expect(told, folder).toEqual(allowed);
      const packages = (row?.split('|')[3] ?? '').split(',').map((name) => name.trim().replace(/^Node$/, 'node'));
      expect(packages.filter((name) => name !== 'none')).toEqual(mayImportPackages[folder]);
    }
  });

  it('is drawn as it is: every room above those that it imports', () => {
    const picture = readFileSync(join(root, 'docs/rooms.svg'), 'utf8');
    const drawn = [...picture.matchAll(/data-room="([^"]+)" data-floor="(\d+)"/g)];
    const floors = new Map(drawn.map(([, room = '', floor]) => [room, Number(floor)]));
    expect([...floors.keys()].sort()).toEqual(Object.keys(mayImport).sort());
    for (const [room, allowed] of Object.entries(mayImport)) {
      const below = allowed.includes(any) ? [...floors.keys()].filter((name) => name !== room) : allowed;
      const notBelow = below.filter((name) => (floors.get(name) ?? 0) >= (floors.get(room) ?? 0));
      expect(notBelow, room).toEqual([]);
    }
  });

  it('shows the same pure folders to the compiler and to the linter', () => {
    const compiler = readFileSync(join(root, 'tsconfig.pure.json'), 'utf8');
    const linter = readFileSync(join(root, 'biome.json'), 'utf8');
    for (const folder of pureFolders) {
      expect(compiler).toContain(`"src/${folder}"`);
      expect(linter).toContain(`"src/${folder}/**"`);
    }
  });
});

describe('the scan itself', () => {
  const file = (path: string, ...imports: string[]): SourceFile => ({ path, lineCount: 1, imports });

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
      "const text = 'words from ' + other + ' here';",
    ].join('\n');
    expect(findImports(text).sort()).toEqual(['../c.ts', './a.ts', './b.ts', './d.ts', './e.ts', './f.ts', './g.ts']);
  });

  it('finds planted breaches', () => {
    const planted = [
      file('src/basics/x.ts', '../decoding/verify.ts'),
      file('src/protocol/x.ts', 'node:fs'),
      file('src/models/x.ts', '../transport/transport.ts'),
      file('src/device/x.ts', 'ws'),
      file('src/edge/x.ts', '../../test/x.ts'),
      file('src/unheard-of/x.ts', '../basics/clock.ts'),
    ];
    expect(findBreaches(planted)).toHaveLength(planted.length);
    expect(findBreaches([file('src/cli/x.ts', '../edge/edge.ts', 'commander', './y.ts')])).toEqual([]);
  });

  it('finds a planted cycle', () => {
    const planted = [file('src/a/x.ts', '../b/y.ts'), file('src/b/y.ts', './z.ts'), file('src/b/z.ts', '../a/x.ts')];
    expect(findCycle(planted)).toEqual(['src/a/x.ts', 'src/b/y.ts', 'src/b/z.ts', 'src/a/x.ts']);
    expect(findCycle(planted.slice(0, 2))).toBeUndefined();
  });
});
