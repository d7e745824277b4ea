// The set-up script in a folder of its own, with a stand-in for npm: what it does when, and what it says when that fails.

import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../src/cli/device/run.ts';
import { serveCommand } from '../src/cli/device/serve.ts';

let folder: string;

/** Writes down how it was called; behaves as the file `mood` says. */
const npm = `#!/bin/sh
echo "$@" >> "$CALLS"
test "$1" = --version && { echo 11.0.0; exit 0; }
case "$(cat "$MOOD" 2>/dev/null)" in
  offline) echo "npm error code ENOTFOUND" >&2; echo "npm error network" >&2; exit 1;;
  full) echo "npm error code ENOSPC" >&2; exit 1;;
  strange) echo "npm error the moon is full" >&2; exit 1;;
  slow) echo $$ > "$CALLS.pid"; exec sleep 30;;
esac
if test "$1" = pack; then printf 'something else' > binary.tgz; exit 0; fi
mkdir -p node_modules/.bin node_modules/node-llama-cpp
test "$(cat "$MOOD" 2>/dev/null)" = bare || ln -sf "$NODE" node_modules/.bin/node
echo '{"version":"3.22.1"}' > node_modules/node-llama-cpp/package.json
`;

const main = `
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
appendFileSync(process.env.CALLS, process.argv.slice(2).join(' ') + '\\n');
const mood = existsSync(process.env.MOOD) ? readFileSync(process.env.MOOD, 'utf8') : '';
const prepares = process.argv[3] === 'prepare';
if (mood === 'crowded' ? prepares : mood !== '' && mood !== 'refused') process.exit(1);
const file = process.env.OUTRIDER_CACHE + (prepares ? '/laws/tiny.json' : '/models/tiny.gguf');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, 'tiny');
if (prepares && mood === 'refused') process.exit(1);
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrider-setup-'));
  for (const path of ['bin', 'scripts', 'src/models/files']) mkdirSync(join(folder, path), { recursive: true });
  copyFileSync(fileURLToPath(new URL('../setup.mjs', import.meta.url)), join(folder, 'setup.mjs'));
  writeFileSync(join(folder, 'package-lock.json'), '{}');
  writeFileSync(join(folder, 'src/models/files/manifest-data.ts'), '');
  writeFileSync(join(folder, 'scripts/build-pages.mjs'), '');
  writeFileSync(join(folder, 'bin/outrider.ts'), main);
  writeFileSync(join(folder, 'bin/npm'), npm);
  chmodSync(join(folder, 'bin/npm'), 0o755);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
    CI: 'true',
    NODE: process.execPath,
    CALLS: join(folder, 'calls'),
    MOOD: join(folder, 'mood'),
    OUTRIDER_CACHE: join(folder, 'cache'),
  };
}

function setUp(...args: string[]): SpawnSyncReturns<string> {
  return setUpWith({}, ...args);
}

function setUpWith(variables: NodeJS.ProcessEnv, ...args: string[]): SpawnSyncReturns<string> {
  const result = spawnSync(process.execPath, ['setup.mjs', ...args], {
    cwd: folder,
    env: { ...environment(), ...variables },
    encoding: 'utf8',
  });
  expect(result.stdout).toBe(''); // it belongs to the command that follows
  return result;
}

/** The calls of npm and of outrider since the last look, without the question for npm's version. */
function newCalls(): string[] {
  const file = join(folder, 'calls');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  rmSync(file, { force: true });
  return lines.filter((line) => line !== '--version').map((line) => line.split(' --')[0] ?? '');
}

const setMood = (mood: string): void => writeFileSync(join(folder, 'mood'), mood);

describe('setup.mjs', () => {
  it('installs packages and models once', () => {
    expect(setUp().status).toBe(0);
    expect(newCalls()).toEqual(['ci', 'models pull default', 'models prepare default']);
    expect(setUp().status).toBe(0);
    expect(newCalls()).toEqual([]);
  });

  it('runs no install script', () => {
    setUp('--no-models');
    const calls = readFileSync(join(folder, 'calls'), 'utf8').split('\n');
    expect(calls.filter((line) => /^(ci|pack)/.test(line))).toEqual([expect.stringContaining(' --ignore-scripts ')]);
  });

  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
    'refuses an engine binary that is not the pinned one, and leaves nothing of it',
    () => {
      setUp('--no-models');
      const { status, stderr } = setUp('--no-models', '--gpu', 'vulkan');
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /\n✗ the registry sent another file as linux-x64-vulkan 3\.22\.1 than the pinned one .+\n {2}.+\n$/,
      );
      expect(existsSync(join(folder, 'node_modules/@node-llama-cpp'))).toBe(false);
      expect(existsSync(join(folder, 'node_modules/.outrider-download'))).toBe(false);
      writeFileSync(join(folder, 'node_modules/node-llama-cpp/package.json'), '{"version":"3.99.0"}');
      newCalls();
      expect(setUp('--no-models', '--gpu', 'vulkan').stderr).toContain('no hash of linux-x64-vulkan 3.99.0');
      expect(newCalls()).toEqual([]);
      setUp('--no-models', '--gpu', 'vulkan', '--unpinned');
      expect(newCalls()).toEqual(['pack']);
    },
  );

  it('sets up the engine that is asked for, by the Python that PYTHON names', () => {
    const python = join(folder, 'bin/other-python');
    writeFileSync(python, '#!/bin/sh\necho "$@" >> "$CALLS"\ntest "$(cat "$MOOD" 2>/dev/null)" != offline\n');
    chmodSync(python, 0o755);
    setUp('--no-models');
    newCalls();
    expect(setUpWith({ PYTHON: python }, '--no-models', '--engine', 'ik').stderr).toMatch(/✓ engine ik {2}\d/);
    expect(newCalls()).toEqual([`-I ${join(realpathSync(folder), 'workers/setup.py')} ik`]);
    expect(setUpWith({ PYTHON: python }, '--no-models', '--fleet').stderr).toMatch(/✓ nats-server {2}\d/);
    expect(newCalls()).toEqual([`-I ${join(realpathSync(folder), 'workers/setup.py')} nats`]);
    setMood('offline');
    expect(setUpWith({ PYTHON: python }, '--no-models', '--engine=ik').status).toBe(1);
    const absent = setUpWith({ PYTHON: join(folder, 'absent') }, '--no-models', '--engine', 'ik');
    expect([absent.status, absent.stderr]).toEqual([1, expect.stringMatching(/✗ .+absent was not found\n {2}.+\n$/)]);
  });

  it('takes the own Node of the host where the lock has none for it, and fetches none', () => {
    setMood('bare');
    expect(setUp('--no-models').status).toBe(0);
    expect(realpathSync(join(folder, 'node_modules/.bin/node'))).toBe(realpathSync(process.execPath));
    expect(newCalls()).toEqual(['ci']);
  });

  it('finds the law again when the cache has lost it, without asking for the models', () => {
    setUp();
    newCalls();
    rmSync(join(folder, 'cache/laws'), { recursive: true });
    expect(setUp().stderr).toMatch(/✓ the shape law of the default target on this machine {2}\d/);
    expect(newCalls()).toEqual(['models prepare default']);
    setUp();
    expect(newCalls()).toEqual([]);
  });

  it('goes on without a law: a refusal is not asked for twice, anything else is', () => {
    setMood('crowded');
    const crowded = setUp();
    expect([crowded.status, crowded.stderr]).toEqual([0, expect.stringContaining('set up without it')]);
    newCalls();
    // A law of another model says nothing of this one.
    mkdirSync(join(folder, 'cache/laws'), { recursive: true });
    writeFileSync(join(folder, 'cache/laws/other.json'), 'other');
    setUp();
    expect(newCalls()).toEqual(['models prepare default']);
    setMood('refused');
    expect(setUp().status).toBe(0);
    expect(newCalls()).toEqual(['models prepare default']);
    expect(setUp().status).toBe(0);
    expect(newCalls()).toEqual([]);
  });

  it('installs again what has changed or is gone, and nothing else', () => {
    setUp();
    newCalls();
    rmSync(join(folder, 'cache/models/tiny.gguf'));
    setUp();
    expect(newCalls()).toEqual(['models pull default', 'models prepare default']);
    writeFileSync(join(folder, 'package-lock.json'), '{"changed":true}');
    setUp('--no-models');
    expect(newCalls()).toEqual(['ci']);
    rmSync(join(folder, 'node_modules/.bin/node'));
    setUp('--no-models');
    expect(newCalls()).toEqual(['ci']);
  });

  it.each([
    ['offline', 'the npm registry could not be reached'],
    ['full', 'the disk is full'],
    ['strange', 'npm failed: npm error the moon is full'],
  ])('says cause and remedy when npm is %s, and installs the next time', (mood, cause) => {
    setMood(mood);
    const { status, stderr } = setUp();
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`\n✗ ${cause}\\n {2}.+\\n$`));
    rmSync(join(folder, 'mood'));
    newCalls();
    expect(setUp().status).toBe(0);
    expect(newCalls()).toEqual(['ci', 'models pull default', 'models prepare default']);
  });

  it('leaves the word to the models command when that fails, and tries again the next time', () => {
    setUp('--no-models');
    setMood('any');
    const { status, stderr } = setUp();
    expect(status).toBe(1);
    expect(stderr).not.toContain('at ');
    newCalls();
    rmSync(join(folder, 'mood'));
    setUp();
    expect(newCalls()).toEqual(['models pull default', 'models prepare default']);
  });

  it('ends with its children when interrupted, and starts npm again the next time', async () => {
    setMood('slow');
    const child = spawn(process.execPath, ['setup.mjs'], { cwd: folder, env: environment(), stdio: 'ignore' });
    const pidFile = join(folder, 'calls.pid');
    while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '')
      await new Promise((next) => setTimeout(next, 20));
    const ended = new Promise((settle) => child.on('close', settle));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0)).toThrow();
    rmSync(join(folder, 'mood'));
    newCalls();
    setUp('--no-models');
    expect(newCalls()).toEqual(['ci']);
  });

  it('needs Node 20 and npm', () => {
    const older = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.0"})';
    const old = spawnSync(process.execPath, ['--import', older, 'setup.mjs'], { cwd: folder, encoding: 'utf8' });
    expect([old.status, old.stderr]).toEqual([1, expect.stringContaining('✗ Node 18.20.0 is too old\n  install ')]);
    const env = { ...environment(), PATH: join(folder, 'empty') };
    const without = spawnSync(process.execPath, ['setup.mjs'], { cwd: folder, env, encoding: 'utf8' });
    expect([without.status, without.stderr]).toEqual([1, expect.stringContaining('✗ npm was not found\n  install ')]);
  });

  it('does not let npm empty the packages of another clone', () => {
    mkdirSync(join(folder, 'others'));
    symlinkSync('others', join(folder, 'node_modules'));
    const { status, stderr } = setUp();
    expect([status, stderr]).toEqual([1, expect.stringMatching(/✗ node_modules is a link.+\n {2}remove the link/)]);
    expect(newCalls()).toEqual([]);
  });

  it('tells before it does anything that npm has kept flags of the program', () => {
    const set = { npm_lifecycle_event: 'start', npm_config_prompt: 'true', npm_config_max_tokens: '12' };
    const { status, stderr } = setUpWith(set);
    expect([status, stderr]).toEqual([
      1,
      '✗ npm has kept --prompt and --max-tokens to itself\n  put "--" before flags: npm start -- --prompt ...\n',
    ]);
    expect(newCalls()).toEqual([]);
    expect(setUpWith({ ...set, npm_lifecycle_event: 'test' }).status).toBe(0);
  });

  it('knows flags that the program has', () => {
    const listed = /const programFlags = \[([^\]]+)\]/.exec(readFileSync(join(folder, 'setup.mjs'), 'utf8'))?.[1] ?? '';
    const flags = [...listed.matchAll(/'([a-z-]+)'/g)].map(([, name]) => `--${name}`);
    const known = [runCommand(), serveCommand()].flatMap(({ options }) => options.map(({ long }) => long));
    expect(flags.length).toBeGreaterThan(10);
    expect(flags.filter((flag) => !known.includes(flag))).toEqual([]);
  });

  it.each([[['--wrong']], [['--gpu', 'abacus']], [['--gpu']], [['--engine', 'abacus']]])(
    'refuses %s before it does anything',
    (args) => {
      const { status, stderr } = setUp(...args);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^✗ .+\n {2}.+\n$/);
      expect(newCalls()).toEqual([]);
    },
  );
});
