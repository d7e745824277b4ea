// The command line starts without the optional packages: none of its files imports one at once, only when it is needed.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('loads no optional package when it starts', () => {
  const program = new URL('./program.ts', import.meta.url).href;
  const script = `
    import { registerHooks } from 'node:module';
    const found = [];
    registerHooks({ resolve(name, context, next) {
      if (/^(@jax-js|node-llama-cpp|koffi)/.test(name)) found.push(name + ' by ' + context.parentURL);
      return next(name, context);
    } });
    await import(${JSON.stringify(program)});
    console.log(JSON.stringify(found));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toEqual([]);
}, 60_000);
