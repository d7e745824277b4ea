// What the command line loads. It starts without the optional packages: none of its files imports one at once, only when it is needed.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** What a program resolves, of the names that match, when it starts, or when `then` of its module has loaded all commands. */
function foundBy(program: string, pattern: RegExp, then?: string): readonly unknown[] {
  const script = `
    import { registerHooks } from 'node:module';
    const found = [];
    registerHooks({ resolve(name, context, next) {
      if (${pattern}.test(name)) found.push(name + ' by ' + context.parentURL);
      return next(name, context);
    } });
    const loaded = await import(${JSON.stringify(new URL(program, import.meta.url).href)});
    ${then === undefined ? '' : `await loaded.${then}();`}
    console.log(JSON.stringify(found));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  });
  return JSON.parse(output) as unknown[];
}

it('loads no optional package for any command before it is needed', () => {
  expect(foundBy('./clone-program.ts', /^(@jax-js|node-llama-cpp|koffi)/, 'createCloneProgram')).toEqual([]);
}, 60_000);

it('loads few modules for --version and --help, of which a person waits for each', () => {
  expect(foundBy('./clone-program.ts', /^[./]/).length).toBeLessThan(60);
  expect(foundBy('./clone-program.ts', /^[./]/, 'createCloneProgram').length).toBeGreaterThan(600);
}, 60_000);

it('loads nothing of the laboratory where it is the published one', () => {
  expect(foundBy('./published-program.ts', /laboratory/, 'createPublishedProgram')).toEqual([]);
  expect(foundBy('./clone-program.ts', /laboratory/)).not.toEqual([]);
}, 60_000);
