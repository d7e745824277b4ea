// Every subpath of the package has a list of exports and a part of docs/use/library.md, and everything in these lists has a doc comment
// where it is declared.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = new URL('../', import.meta.url);
const page = readFileSync(new URL('docs/use/library.md', root), 'utf8');
const { exports: doors } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | Readonly<Record<'types' | 'default', string>>>>;
};

interface Export {
  readonly name: string;
  /** From the repository's root. */
  readonly file: string;
}

/** Subpath of the package to the file that it is compiled from. */
function readEntries(): [string, string][] {
  return Object.entries(doors).flatMap(([subpath, door]) =>
    typeof door === 'string'
      ? []
      : [[subpath, door.default.replace(/^\.\/dist\/(.*)\.js$/, '$1.ts')] as [string, string]],
  );
}

const entries = readEntries();

function readExports(entry: string): Export[] {
  const text = readFileSync(new URL(entry, root), 'utf8');
  return [...text.matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)'/g)].flatMap(([, names = '', file = '']) =>
    names
      .split(',')
      .map((name) => name.replace(/\btype\b/, '').trim())
      .filter((name) => name !== '')
      .map((name) => ({ name, file: join(dirname(entry), file) })),
  );
}

/** The line above the declaration ends a doc comment. */
function isDocumented({ name, file }: Export, text: string = readFileSync(new URL(file, root), 'utf8')): boolean {
  const declaration = new RegExp(
    `^(.*)\\nexport (?:async )?(?:function\\*?|const|class|interface|type) ${name}\\b`,
    'm',
  );
  return declaration.exec(text)?.[1]?.trimEnd().endsWith('*/') ?? false;
}

describe('the public export lists', () => {
  it('are those of the subpaths', () => {
    expect(entries.map(([subpath]) => subpath)).toEqual(['.', './allocation', './device', './edge', './simulation']);
    const files = readdirSync(new URL('src/api/', root)).filter((name) => /^[^.]+\.ts$/.test(name));
    const listed = entries.map(([, file]) => file);
    expect(files.map((name) => `src/api/${name}`).filter((file) => !listed.includes(file))).toEqual([
      'src/api/open-device.ts',
    ]);
    for (const [, door] of Object.entries(doors)) {
      if (typeof door !== 'string') expect(door.types).toBe(door.default.replace(/js$/, 'd.ts'));
    }
  });

  it.each(entries)('%s is read, and says each name once', (_, entry) => {
    const names = readExports(entry).map(({ name }) => name);
    const text = readFileSync(new URL(entry, root), 'utf8');
    expect(names).toHaveLength((text.replace(/^\/\/.*$/gm, '').match(/[\w$]+(?=,| \}|\n\})/g) ?? []).length);
    expect(new Set(names).size).toBe(names.length);
  });

  it('each have a heading in docs/use/library.md, and an import below it', () => {
    const names = entries.map(([subpath]) => `outrider${subpath.slice(1)}`);
    const parts = page.split(/^(?=## )/m);
    const told = names.filter((name) => {
      const part = parts.find((one) => one.split('\n')[0]?.includes(`\`${name}\``));
      return part?.includes(`from '${name}';`) === true;
    });
    expect(told).toEqual(names);
  });

  it.each(entries)('%s has a doc comment at every declaration', (_, entry) => {
    expect(readExports(entry).filter((one) => !isDocumented(one))).toEqual([]);
  });

  it('would notice one that is missing', () => {
    const one = { name: 'a', file: 'x.ts' };
    expect(isDocumented(one, '// text\n\n/** Says it. */\nexport const a = 1;')).toBe(true);
    expect(isDocumented(one, '/** Of b. */\nconst b = 1;\n\nexport const a = 1;')).toBe(false);
    expect(isDocumented(one, 'nothing')).toBe(false);
  });
});
