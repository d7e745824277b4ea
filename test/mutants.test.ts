// The mutants of `npm run mutants`: which there are, that the switched code is still code, and that it does what it did while all are off;
// which are tried, with which tests, and what counts.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sampleOf, shareOut } from '../scripts/mutants/choose.ts';
import { findListed, needsReason, readEquivalents, readExplained } from '../scripts/mutants/equivalents.ts';
import { judge, markEquivalents, scoreOf, textOf } from '../scripts/mutants/judge.ts';
import { mutate } from '../scripts/mutants/operators.ts';
import { type Line, mutateAll } from '../scripts/mutants/plan.ts';
import { codeFiles, productFolders, sourcesOf, testsOf } from '../scripts/mutants/tests-of.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

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

describe('the choice', () => {
  it('gives each folder its proportion, and a floor', () => {
    expect(shareOut([1000, 3000, 50, 4, 0], 400, 10)).toEqual([97, 289, 10, 4, 0]);
    expect(shareOut([5, 5], 400, 10)).toEqual([5, 5]);
    expect(shareOut([100, 100, 100], 10, 12)).toEqual([12, 12, 12]);
    expect(shareOut([], 10, 12)).toEqual([]);
  });

  it('repeats from its seed, without repetition, in order', () => {
    const all = Array.from({ length: 100 }, (_, index) => index);
    const chosen = sampleOf(all, 20, 7);
    expect(sampleOf(all, 20, 7)).toEqual(chosen);
    expect(sampleOf(all, 20, 8)).not.toEqual(chosen);
    expect([...new Set(chosen)].sort((one, other) => one - other)).toEqual(chosen);
    expect(chosen).toHaveLength(20);
    expect(sampleOf(all, 100, 7)).toEqual(all);
  });

  it('switches only what is chosen, and numbers all', () => {
    const source = 'function test() { return 1 < 2 ? 3 + 4 : 5; }';
    const { mutants, code } = mutate('a.ts', source, 1);
    const last = mutants.at(-1)?.id as number;
    const some = mutate('a.ts', source, 1, new Set([last]));
    expect(some.mutants).toEqual(mutants);
    expect([code.match(/\$mutant/g)?.length, some.code.match(/\$mutant/g)?.length]).toEqual([mutants.length, 1]);
    expect(some.code).toContain(`$mutant(${last})`);
    expect(mutate('a.ts', source, 1, new Set()).code).toBe(source);
  });
});

describe('the folders', () => {
  it('hold every source file of the product once', () => {
    const product = codeFiles(root).filter(
      (file) => file.startsWith('src/') && !/\.(test|fixture|contract)\.ts$/.test(file),
    );
    expect(productFolders.flatMap((folder) => sourcesOf(root, folder)).sort()).toEqual(product.sort());
  });

  it('are tried by their own tests first, then by those of callers, and by later tiers of their own room only', () => {
    const { plain, mocked, later } = testsOf(root, ['src/core/access/key-text.ts']);
    expect(plain[0]).toBe('src/core/access/key-book.test.ts');
    expect(plain).toContain('src/files/key-files.test.ts');
    expect(plain).toContain('test/together/key-file.test.ts');
    expect(plain).not.toContain('src/core/decoding/look-up.test.ts');
    expect([...plain, ...mocked].filter((file) => /\.(slow|model|night)\./.test(file))).toEqual([]);
    expect(later).toEqual([]);
    expect(testsOf(root, ['src/files/policy-process.ts']).later).toEqual(['src/files/policy-process.slow.test.ts']);
    expect(testsOf(root, ['src/cli/device/run.ts']).mocked).toContain('src/cli/device/run.test.ts');
  });
});

describe('the verdict', () => {
  const { mutants } = mutate('src/files/a.ts', 'function f() { return a < b && c; }', 1);
  const [killed, timedOut, survived] = mutants as [(typeof mutants)[0], (typeof mutants)[0], (typeof mutants)[0]];
  const end = (id: number, outcome: 'killed' | 'timeout'): Line => ({ kind: 'end', id, outcome, test: 't', error: '' });
  const lines: Line[] = [
    end(killed.id, 'killed'),
    end(timedOut.id, 'timeout'),
    { kind: 'reached', id: survived.id },
    { kind: 'begin', id: survived.id, test: 't' },
  ];
  const three = [killed, timedOut, survived];

  it('counts with and without time-outs', () => {
    const unseen = { ...survived, id: 99, to: 'another' };
    const results = judge([...three, unseen], lines);
    expect(results.map(({ outcome }) => outcome)).toEqual(['killed', 'timeout', 'survived', 'unreached']);
    expect(scoreOf(results)).toMatchObject({ tried: 4, score: 0.5, scoreWithoutTimeouts: 0.25 });
    expect(textOf('x', scoreOf(results))).toContain('x: 50.0 %, 25.0 % without time-outs (4 tried');
  });

  it('leaves out those that no test can notice, and says which of them one does', () => {
    const entry = ({ file, place, from, to }: (typeof mutants)[0]) => ({ file, place, from, to, reason: '' });
    const [marked, wrong] = markEquivalents(judge(three, lines), [entry(survived), entry(killed)]);
    expect(scoreOf(marked)).toMatchObject({ equivalent: 1, survived: 0, score: 1, scoreWithoutTimeouts: 0.5 });
    expect(wrong).toEqual([expect.stringContaining('listed as equivalent, but noticed by "t": src/files/a.ts')]);
  });

  it('asks for a reason where keys, files and sockets are guarded', () => {
    expect(needsReason(survived)).toBe(true);
    expect(needsReason({ file: 'src/processes/http/app.ts' })).toBe(true);
    expect(needsReason({ file: 'src/processes/edge/edge.ts' })).toBe(false);
    for (const { file } of readExplained())
      expect([file, existsSync(`${root}/${file}`), needsReason({ file })]).toEqual([file, true, true]);
  });
});

describe('the lists of equivalent and of explained mutants', () => {
  it('have a reason for each, and none twice', () => {
    const listed = [...readEquivalents(), ...readExplained()];
    const names = listed.map(({ file, place, from, to, nth }) => [file, place, from, to, nth].join(' | '));
    expect(new Set(names).size).toBe(names.length);
    for (const { reason } of listed) expect(reason.length).toBeGreaterThan(20);
  });

  it('have no entry for a mutant that there is not', () => {
    const listed = [...readEquivalents(), ...readExplained()];
    const sources = mutateAll(root, [...new Set(listed.map(({ file }) => file))]);
    const mutants = [...sources.values()].flatMap((source) => source.mutants);
    const found = new Set(mutants.map((mutant) => findListed(listed, mutant)));
    expect(listed.filter((entry) => !found.has(entry))).toEqual([]);
  });

  it('go by the code, not by its line', () => {
    const entry = { file: 'a.ts', place: 'f', from: 'a < b', to: '(a) <= (b)', reason: 'both give the same' };
    const mutants = mutate('a.ts', '\n\nfunction f() { return a < b; }\nfunction g() { return a < b; }', 1).mutants;
    expect(mutants.filter((mutant) => findListed([entry], mutant) !== undefined).map(({ line }) => line)).toEqual([3]);
  });
});
