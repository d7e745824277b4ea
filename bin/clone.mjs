#!/usr/bin/env node
// `outrider` of a clone, with the laboratory: npm run --silent outrider -- COMMAND. A Node that is too old can't read the files below, so it is
// asked for first.

const { node } = process.versions;
const [major, minor] = node.split('.').map(Number);
// As "engines" of package.json.
const fits = (major === 22 && minor >= 19) || (major === 24 && minor >= 6) || major > 24;

if (fits) {
  const { runProgram } = await import('../src/cli/program.ts');
  const { cloneGroups } = await import('./clone-program.ts');
  await runProgram(cloneGroups);
} else {
  const cause = `outrider needs Node 22.19 or a later 22, or 24.6 or newer; this is ${node}`;
  const remedy = 'npm run --silent outrider -- COMMAND takes the Node of this clone, node_modules/.bin/node';
  process.stderr.write(`✗ ${cause}\n  ${remedy}\n`);
  process.exitCode = 1;
}
