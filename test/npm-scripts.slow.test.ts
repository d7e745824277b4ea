// The scripts of package.json that start the program: a signal to npm ends the program, too.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

it.skipIf(process.platform === 'win32')(
  'SIGTERM to "npm run outrider" ends the edge that it has started',
  async () => {
    const words = ['run', '--silent', 'outrider', '--', 'edge', '--model', 'toy:1', '--port', '0'];
    const npm = spawn('npm', words, { stdio: ['ignore', 'pipe', 'ignore'] });
    let address: string | undefined;
    for await (const line of createInterface({ input: npm.stdout })) {
      address = /^ws:\/\/\S+/.exec(line)?.[0];
      if (address !== undefined) break;
    }
    const health = `${address?.replace('ws', 'http')}/health`;
    expect((await fetch(health)).status).toBe(200);
    npm.kill('SIGTERM');
    await once(npm, 'exit');
    await expect
      .poll(
        () =>
          fetch(health).then(
            ({ status }) => status,
            () => 'gone',
          ),
        { timeout: 20_000 },
      )
      .toBe('gone');
  },
  60_000,
);
