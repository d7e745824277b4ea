// The command line starts without the optional packages: none of its files imports one at once, only when it is needed.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** What a program resolves when it starts, of the names that match. */
function foundBy(program: string, pattern: RegExp): unknown {
  const script = `
    import { registerHooks } from 'node:module';
    const found = [];
    registerHooks({ resolve(name, context, next) {
      if (${pattern}.test(name)) found.push(name + ' by ' + context.parentURL);
      return next(name, context);
    } });
    await import(${JSON.stringify(new URL(program, import.meta.url).href)});
    console.log(JSON.stringify(found));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

it('loads no optional package when it starts', () => {
  expect(foundBy('./clone-program.ts', /^(@jax-js|node-llama-cpp|koffi)/)).toEqual([]);
}, 60_000);

it('loads nothing of the laboratory where it is the published one', () => {
  expect(foundBy('./published-program.ts', /laboratory/)).toEqual([]);
  expect(foundBy('./clone-program.ts', /laboratory/)).not.toEqual([]);
}, 60_000);
