import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('clone.mjs', import.meta.url));

it('says which Node it needs where it has another', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(engines.node).toBe('^22.19 || >=24.6');
  const statuses = ['20.20.2', '22.18.0', '22.19.0', '23.11.0', '24.5.0', '24.6.0', '25.0.0'].map((version) => {
    const other = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"${version}"})`;
    const words = ['--import', other, program, '--version'];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    if (status !== 0)
      expect(stderr).toMatch(new RegExp(`needs Node 22.19 .* this is ${version}\n  npm run .*node_modules/.bin/node`));
    return [version, status];
  });
  const fit = statuses.filter(([, status]) => status === 0).map(([version]) => version);
  expect(fit).toEqual(['22.19.0', '24.6.0', '25.0.0']);
}, 60_000);
