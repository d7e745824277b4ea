// A NATS server on this machine, for a fleet that is tried here: on loopback, with nothing from before, and ended with this process.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { badArgument, OutriderError } from '../../src/core/basics/errors.ts';
import { defaultCacheDirectory } from '../../src/models/files/cache.ts';

export interface LocalStore extends AsyncDisposable {
  /** nats://127.0.0.1:PORT */
  readonly url: string;
  readonly processId: number;
  /** Resolves when it has ended, by whatever cause. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
}

export interface NatsSettings {
  /** Default: {@link natsServerPath}. */
  readonly path?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** What it keeps there it finds again. Default: a folder of its own, which is removed at the end. */
  readonly folder?: string;
  /** Further flags: of a cluster. */
  readonly more?: readonly string[];
}

/** Prints the number of the process, and ends it when its own input ends: also where the parent is killed. */
const guard =
  'exec 3<&0; "$@" </dev/null & child=$!; echo "process $child"; { cat <&3 >&2; kill "$child"; } & wait "$child"';
const isWindows = process.platform === 'win32';

/** NATS_SERVER, what `node setup.mjs --fleet` has installed, or what the system finds. */
export function natsServerPath(environment: NodeJS.ProcessEnv = process.env): string {
  const name = isWindows ? 'Scripts/nats-server.exe' : 'bin/nats-server';
  const installed = join(defaultCacheDirectory(environment), 'engines', 'nats', name);
  return environment['NATS_SERVER'] ?? (existsSync(installed) ? installed : 'nats-server');
}

/** @throws OutriderError `bad-argument`: there is none; `store-unreachable`: it has ended */
export async function startNatsServer(settings: NatsSettings = {}): Promise<LocalStore> {
  const { path = natsServerPath(), port: wanted = -1, more = [] } = settings;
  const folder = settings.folder ?? mkdtempSync(join(tmpdir(), 'outrider-fleet-'));
  const words = [path, '-a', '127.0.0.1', '-p', `${wanted}`, '-js', '-sd', folder, ...more];
  const [command = '', ...args] = isWindows ? words : ['sh', '-c', guard, 'sh', ...words];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: !isWindows });
  child.stdin.on('error', () => {});
  let said = '';
  const lost = new Promise<void>((resolve) => {
    child.once('exit', () => {
      child.stdin.end();
      resolve();
    });
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const ready = new Promise<void>((resolve) => {
    const read = (part: Buffer): void => {
      said += part.toString();
      if (said.includes('Server is ready')) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  const close = async (): Promise<void> => {
    child.stdin.end();
    if (isWindows) child.kill();
    await ended;
    if (settings.folder === undefined) rmSync(folder, { recursive: true, force: true });
  };
  await Promise.race([ready, ended]);
  const port = /client connections on 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
  if (port === undefined) {
    await close();
    if (said === '' || /not found|No such file/.test(said))
      throw badArgument('no nats-server is installed', 'run "node setup.mjs --fleet", or name one by NATS_SERVER');
    const cause = `nats-server does not start: ${said.trim().split('\n').at(-1)}`;
    throw new OutriderError('store-unreachable', cause, 'free disk and memory, then start again');
  }
  const processId = Number(/^process (\d+)$/m.exec(said)?.[1] ?? child.pid);
  return { url: `nats://127.0.0.1:${port}`, processId, lost, close, [Symbol.asyncDispose]: close };
}
