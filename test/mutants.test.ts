// The mutants of `npm run mutants`: which there are, that the switched code is still code, and that it does what it did while all are off.

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findListed, readEquivalents } from '../scripts/mutants/equivalents.ts';
import { mutate } from '../scripts/mutants/operators.ts';
import { mutateAll } from '../scripts/mutants/plan.ts';

function mutantsOf(source: string): string[] {
  return mutate('a.ts', source, 1).mutants.map(({ from, to }) => `${from} -> ${to}`);
}

/** The value that a function returns while one mutant is on; 0: none. */
function run(source: string, id: number): unknown {
  const { code } = mutate('a.ts', source, 1);
  const body = `${code}\nreturn test();`;
  return new Function('$mutant', '$tick', body)(
    (mutant: number) => mutant === id,
    () => {},
  );
}

describe('the mutants of a source', () => {
  it.each([
    ['a < b;', ['a < b; -> ', 'a < b -> (a) <= (b)', 'a < b -> (a) >= (b)']],
    ['const c = a === b;', ['a === b -> (a) !== (b)']],
    ['const c = a + b;', ['a + b -> (a) - (b)']],
    ["const c = a + 'x';", []],
    ['const c = a && b;', ['a && b -> (a) || (b)']],
    ['const c = a ?? b;', ['a ?? b -> a']],
    ['const c = !a;', ['!a -> a']],
    ['const c = true;', ['true -> false']],
    ['const c = [a];', ['[a] -> []']],
    ['const c = Math.min(a, b);', ['Math.min(a, b) -> Math.max(a, b)']],
    ['const c = a.filter(b);', ['a.filter(b) -> a']],
    ['const c = a.toString();', []],
    ['a += 1;', ['a += 1; -> ', 'a += 1 -> a -= 1']],
    ['if (a) f();', ['a -> true', 'a -> false', 'f(); -> ']],
    ['if (a < b) f();', ['a < b -> true', 'a < b -> false', 'a < b -> (a) <= (b)', 'f(); -> ']],
  ])('%s', (source, expected) => {
    expect(mutantsOf(source)).toEqual(expected);
  });

  it('are not in types, names and modules', () => {
    const source = "import { a } from './a.ts';\ntype B = true | false;\nexport interface C { readonly d: true }\n";
    expect(mutantsOf(source)).toEqual([]);
  });

  it('say where they are', () => {
    const source = 'class A {\n  #b(): boolean {\n    return c < 1;\n  }\n}\nconst d = (): boolean => !e;\n';
    const places = mutate('a.ts', source, 7).mutants.map(({ id, line, place }) => [id, line, place]);
    expect(places).toEqual([
      [7, 3, 'A.#b'],
      [8, 3, 'A.#b'],
      [9, 6, 'd'],
    ]);
  });
});

describe('the switched code', () => {
  const source = `
    function test() {
      const seen = [];
      for (let i = 0; i < 4; i++) if (i === 2) seen.push('two'); else seen.push(i + 1);
      do seen.push(-1); while (seen.length < 6);
      return [seen?.slice(1).filter((one) => one !== 'two').length, seen.length - 1 > 4 || false].join();
    }`;

  it('does what it did while no mutant is on', () => {
    expect(run(source, 0)).toBe('4,true');
  });

  it('differs, or throws, with most mutants on', () => {
    const { mutants } = mutate('a.ts', source, 1);
    const endless = new Set(['i < 4 -> true', 'i++ -> i--', 'seen.push(-1); -> ']);
    const tried = mutants.filter(({ from, to }) => !endless.has(`${from} -> ${to}`));
    const values = tried.map(({ id }) => {
      try {
        return String(run(source, id));
      } catch {
        return 'thrown';
      }
    });
    expect(values.filter((value) => value !== '4,true').length).toBeGreaterThan(10);
  });
});

describe('the list of equivalent mutants', () => {
  it('has a reason for each, and none twice', () => {
    const listed = readEquivalents();
    const names = listed.map(({ file, place, from, to, nth }) => [file, place, from, to, nth].join(' | '));
    expect(new Set(names).size).toBe(names.length);
    for (const { reason } of listed) expect(reason.length).toBeGreaterThan(20);
  });

  it('has no entry for a mutant that there is not', () => {
    const listed = readEquivalents();
    const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
    const sources = mutateAll(root, [...new Set(listed.map(({ file }) => file))]);
    const mutants = [...sources.values()].flatMap((source) => source.mutants);
    const found = new Set(mutants.map((mutant) => findListed(listed, mutant)));
    expect(listed.filter((entry) => !found.has(entry))).toEqual([]);
  });

  it('goes by the code, not by its line', () => {
    const entry = { file: 'a.ts', place: 'f', from: 'a < b', to: '(a) <= (b)', reason: 'both give the same' };
    const mutants = mutate('a.ts', '\n\nfunction f() { return a < b; }\nfunction g() { return a < b; }', 1).mutants;
    expect(mutants.filter((mutant) => findListed([entry], mutant) !== undefined).map(({ line }) => line)).toEqual([3]);
  });
});
