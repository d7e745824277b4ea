#!/usr/bin/env node
// The night's stages: searches, long trials, and tests that take too long for every change. They run one by one; what has passed at this
// commit is kept in nightly/SEED.json, so an interrupted night goes on where it stopped (after midnight with its --seed), and --only runs one
// again. No stage takes an hour on two cores.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const usage = `.ci/nightly [options]

  --list          print the stages
  --only <name>   run this stage, whether it has passed tonight or not; may be given several times
  --from <name>   begin with this stage
  --seed <n>      of the searches (default: the date as a number, or OUTRIDER_NIGHT)
  --help          this text
`;

const outrider = (...words) => ['node', 'bin/clone.mjs', ...words];
const besideBusy = (...projects) => [
  'node',
  'scripts/tests-busy.mjs',
  '--busy',
  '4',
  '--',
  ...projects.flatMap((project) => ['--project', project]),
];
const shell = (line) => ['sh', '-c', line];
const vitest = (...words) => ['node', 'node_modules/vitest/vitest.mjs', 'run', ...words];

/** Name, what it is for, and its command. */
const stages = (seed) => [...shortStages(seed), ...trialStages(seed)];

const shortStages = (seed) => [
  [
    'night-tests',
    'every weight format, two Nodes, the figures of the paper, slots beside mobile-env',
    vitest('--project', 'night'),
  ],
  [
    'pipeline',
    'the draft pipeline and the Python environment',
    shell(
      'python3 drafts/setup.py && python3 python/setup.py && node node_modules/vitest/vitest.mjs run --project pipeline',
    ),
  ],
  [
    'planted-bugs',
    'every bug of the fault bed is found from other seeds',
    ['node', 'laboratory/trials/faults/search-planted-bugs.fixture.ts', '--seed', seed, '--runs', '10000'],
  ],
  [
    'mutants',
    // A folder has some 15 mutants, so that its own score means little; a folder that nobody tests any more is far below this.
    'small bugs in every folder of src: tests must notice at least 75 %',
    ['node', 'scripts/mutants/mutants.ts', '--seed', seed, '--least', '0.75', '--least-folder', '0.35'],
  ],
];

const trialStages = (seed) => [
  ['faults', 'the protocol under faults', outrider('trial', 'faults', '--runs', '10000', '--seed', seed)],
  ['frames', 'hostile frames', outrider('trial', 'frames', '--count', '1000000', '--seed', seed)],
  [
    'second-client',
    'a client in another language',
    ['python3', 'test/second-client/check.py', 'fuzz', '--turns', '2000', '--seed', seed],
  ],
  ['access-busy', 'every route and key beside four busy processes', outrider('trial', 'access', '--busy', '4')],
  [
    'api-full',
    'all clients of others, with the default pair',
    shell('python3 python/api-clients/setup.py all && node bin/clone.mjs trial api --full'),
  ],
  ['api-busy', 'clients of others beside four busy processes', outrider('trial', 'api', '--busy', '4')],
  ['abuse', 'attacks beside honest readers', outrider('trial', 'abuse')],
  [
    'accuracy',
    'scores by lm-eval: a model alone, on an edge, and with drafts',
    shell('python3 python/lm-eval/setup.py && node bin/clone.mjs trial accuracy --full'),
  ],
  [
    'architectures',
    'small files of many kinds: exact, or refused in words',
    outrider('trial', 'exactness', '--architectures'),
  ],
  [
    'exactness-ik',
    'ik_llama.cpp, with the second pair: exact, or refused in words',
    shell('python3 workers/setup.py ik && node bin/clone.mjs trial exactness --engine ik --pair qwen2.5-coder'),
  ],
  [
    'chaos-ik',
    'workers with ik_llama.cpp are killed and stopped in mid-answer',
    shell('python3 workers/setup.py ik && node bin/clone.mjs trial chaos --engine ik --faults 40'),
  ],
  ['abuse-remote', 'attacks on an edge whose engine is another process', outrider('trial', 'abuse', '--remote-engine')],
  ...['1', '2', '3'].flatMap((time) => [
    [`quick-busy-${time}`, 'the quick tests beside four busy processes', besideBusy('unit', 'mocked', 'promises')],
    [`slow-busy-${time}`, 'the slow tests beside four busy processes', besideBusy('slow')],
  ]),
  [
    'page',
    'the pages in a real browser, and their memory in half an hour of chat',
    outrider('trial', 'page', '--full'),
  ],
  ['soak', 'an edge under churn for half an hour', outrider('trial', 'soak', '--full')],
];

function readOptions() {
  try {
    return parseOptions();
  } catch (error) {
    return fail(error.message);
  }
}

function parseOptions() {
  const { values } = parseArgs({
    options: {
      list: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      from: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  return { ...values, seed: values.seed ?? process.env.OUTRIDER_NIGHT ?? today };
}

/** What has passed: stage to { minutes, date, processor, commit }. */
function readRecord(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

function run(command) {
  return new Promise((resolve) => {
    const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
    const env = { ...process.env, PATH: path, OUTRIDER_REQUIRE_PIPELINE: '1' };
    const child = spawn(command[0], command.slice(1), { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function fail(cause) {
  process.stderr.write(`${cause}\n\n${usage}`);
  process.exit(2);
}

const { list, only, from, seed, help } = readOptions();
if (help) {
  process.stdout.write(usage);
  process.exit(0);
}
const all = stages(seed);
const names = all.map(([name]) => name);
for (const name of [...only, ...(from === undefined ? [] : [from])])
  if (!names.includes(name)) fail(`there is no stage "${name}"; there are ${names.join(', ')}`);
if (list) {
  for (const [name, why] of all) process.stdout.write(`${name.padEnd(20)} ${why}\n`);
  process.exit(0);
}
mkdirSync(join(root, 'nightly'), { recursive: true });
const file = join(root, 'nightly', `${seed}.json`);
const record = readRecord(file);
/** A pass of another state of the code is none. */
const commit = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
const failed = [];
for (const [name, why, command] of all) {
  if (only.length > 0 ? !only.includes(name) : from !== undefined && names.indexOf(name) < names.indexOf(from))
    continue;
  if (only.length === 0 && record[name]?.commit === commit) {
    process.stdout.write(`\n== ${name}: passed before, in ${record[name].minutes} minutes\n`);
    continue;
  }
  process.stdout.write(`\n== ${name}: ${why}\n${command.join(' ')}\n`);
  delete record[name];
  const startedMs = Date.now();
  const code = await run(command);
  const minutes = Number(((Date.now() - startedMs) / 60_000).toFixed(1));
  process.stdout.write(`== ${name}: ${code === 0 ? 'passed' : `failed with status ${code}`} in ${minutes} minutes\n`);
  if (code !== 0) failed.push(name);
  else record[name] = { minutes, date: new Date().toISOString(), processor: cpus()[0]?.model ?? 'unknown', commit };
  writeFileSync(`${file}.new`, JSON.stringify(record, undefined, 2));
  renameSync(`${file}.new`, file);
}
process.stdout.write(failed.length > 0 ? `\nfailed: ${failed.join(', ')}\n` : '\nall stages passed\n');
process.exitCode = failed.length > 0 ? 1 : 0;
