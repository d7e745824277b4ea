#!/usr/bin/env node
// Runs tests beside processes that use all the processor they get, several times: no test may depend on the speed of the machine.
// Every argument behind the options is passed on to vitest.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startBusyProcesses } from '../laboratory/measuring/busy-processes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string', default: '1' }, busy: { type: 'string', default: '4' } },
});
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
for (let time = 1; time <= Number(values.times); time += 1) {
  await using _busy = startBusyProcesses(Number(values.busy));
  const child = spawn(process.execPath, [vitest, 'run', ...positionals], { cwd: root, stdio: 'inherit' });
  const [code] = await once(child, 'close');
  process.stdout.write(
    `run ${time} of ${values.times} beside ${values.busy} busy processes: ${code === 0 ? 'passed' : 'failed'}\n`,
  );
  if (code !== 0) process.exitCode = 1;
}
