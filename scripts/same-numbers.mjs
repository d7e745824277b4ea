#!/usr/bin/env node
// Whether a change moves a number: runs the commands whose results come from seeds alone, keeps their documents, and compares them with those
// that were kept before. A quarter of an hour on two cores.
//   node scripts/same-numbers.mjs record DIRECTORY     before the change, and after it
//   node scripts/same-numbers.mjs compare BEFORE AFTER exit status 1: a number has moved

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const presets = ['paper', 'munich', 'street-canyon', 'modern', 'crowd', 'coupled'];
const policies = ['best', 'random', 'tma', 'greedy', 'look-ahead'];
/** Name of the document, and the words of the command. */
const commands = (folder) => [
  ...presets.map((name) => [
    `simulate-${name}`,
    ...['simulate', '--scenario', name, '--slots', '60', '--policy', 'max-sinr', '--policy', 'best'],
  ]),
  ['simulate-token', 'simulate', '--scenario', 'modern', '--slots', '20', '--fidelity', 'both', '--policy', 'best'],
  ...policies.map((name) => [
    `allocate-${name}`,
    ...['allocate', '--state', join(folder, 'slot.txt'), '--policy', name, '--certify'],
  ]),
  ['coupled', 'bench', 'coupled', '--seeds', '2', '--slots', '24'],
  ['allocation', 'trial', 'allocation'],
  ['felt', 'bench', 'felt', '--quick'],
  ['modes', 'bench', 'modes', '--clock', 'virtual', '--seeds', '20'],
  ['faults', 'trial', 'faults', '--runs', '2000', '--seed', '1'],
  ['reproduce', 'reproduce', 'all', '--smoke', '--out', join(folder, 'reproduction')],
];

/** Fields that differ from run to run: when and where it ran, and measured times. */
const unstable = /^(date|machine|version|decisionMs\w*|processorMs\w*|\w*CpuMs\w*|minutes)$/;

function run(words) {
  const program = existsSync(join(root, 'node_modules/.bin/node'))
    ? join(root, 'node_modules/.bin/node')
    : process.execPath;
  const { status, stdout } = spawnSync(program, [join(root, 'bin/clone.mjs'), ...words], {
    encoding: 'utf8',
    maxBuffer: 1e9,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) process.exitCode = 1;
  return stdout;
}

function record(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'slot.txt'), run(['allocate', '--example']));
  for (const [name, ...words] of commands(folder)) {
    process.stderr.write(`${name}\n`);
    writeFileSync(join(folder, `${name}.json`), run([...words, '--json']));
  }
}

/** @returns paths at which two values differ */
function differences(one, other, path = '') {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return Object.is(one, other) ? [] : [`${path}: ${JSON.stringify(one)} ${JSON.stringify(other)}`];
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((key) => !unstable.test(key));
  return keys.flatMap((key) => differences(one[key], other[key], `${path}/${key}`));
}

function compare(before, after) {
  for (const file of readdirSync(before).filter((name) => name.endsWith('.json'))) {
    const [one, other] = [before, after].map((folder) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
    // A directory of results is where it was asked for.
    for (const { params } of [one, other]) if (params !== undefined) delete params.out;
    const found = differences(one, other);
    process.stdout.write(`${file}: ${one.rows.length} rows, ${found.length} differences\n`);
    for (const line of found.slice(0, 5)) process.stdout.write(`  ${line}\n`);
    if (found.length > 0) process.exitCode = 1;
  }
}

const [verb, ...folders] = process.argv.slice(2);
const places = folders.map((folder) => resolve(folder));
if (verb === 'record' && places.length === 1) record(places[0]);
else if (verb === 'compare' && places.length === 2) compare(...places);
else {
  process.stderr.write('node scripts/same-numbers.mjs record DIRECTORY | compare BEFORE AFTER\n');
  process.exitCode = 2;
}
