// Opens an address in the browser of this machine's user.

import { spawn } from 'node:child_process';

const openers: Readonly<Record<string, readonly string[]>> = { darwin: ['open'], win32: ['explorer.exe'] };

/** Where there is no browser nothing happens: the address is printed anyway. */
export function openPage(url: string, start: typeof spawn = spawn): void {
  const [program = '', ...rest] = openers[process.platform] ?? ['xdg-open'];
  const child = start(program, [...rest, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
