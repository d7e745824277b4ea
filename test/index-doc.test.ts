// Everything in the public export list has a doc comment where it is declared, or is a type whose members all speak for it.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const source = new URL('../src/', import.meta.url);

interface Export {
  readonly name: string;
  readonly file: string;
}

function readExports(): Export[] {
  const text = readFileSync(new URL('index.ts', source), 'utf8');
  return [...text.matchAll(/export (?:type )?\{([^}]*)\} from '\.\/([^']+)'/g)].flatMap(([, names = '', file = '']) =>
    names
      .split(',')
      .map((name) => name.replace(/\btype\b/, '').trim())
      .filter((name) => name !== '')
      .map((name) => ({ name, file })),
  );
}

/** The line above the declaration ends a doc comment. */
function isDocumented({ name, file }: Export, text: string = readFileSync(new URL(file, source), 'utf8')): boolean {
  const declaration = new RegExp(
    `^(.*)\\nexport (?:async )?(?:function\\*?|const|class|interface|type) ${name}\\b`,
    'm',
  );
  return declaration.exec(text)?.[1]?.trimEnd().endsWith('*/') ?? false;
}

describe('the public export list', () => {
  it('is read', () => {
    const names = readExports().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['openDevice', 'startEdge', 'TurnOptions', 'errorCodes']));
    expect(new Set(names).size).toBe(names.length);
  });

  it('has a doc comment at every declaration', () => {
    expect(readExports().filter((one) => !isDocumented(one))).toEqual([]);
  });

  it('would notice one that is missing', () => {
    const one = { name: 'a', file: 'x.ts' };
    expect(isDocumented(one, '// text\n\n/** Says it. */\nexport const a = 1;')).toBe(true);
    expect(isDocumented(one, '/** Of b. */\nconst b = 1;\n\nexport const a = 1;')).toBe(false);
    expect(isDocumented(one, 'nothing')).toBe(false);
  });
});
