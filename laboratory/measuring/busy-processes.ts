// Other programs that use the processor: what must hold on a quiet machine must hold beside them, later.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A flag of trials that can run beside them. */
export const busyOption = {
  flag: '--busy <n>',
  help: 'run beside so many processes that use all the processor they get: answers may be late, not wrong',
  whole: [0, 64] as [number, number],
  default: 0 as number,
} as const;

/** They end with this process, whatever becomes of it, and after so long in any case, ms. */
const mostMs = 30 * 60_000;

/** Starts them; disposing ends them. */
export function startBusyProcesses(count: number): AsyncDisposable {
  const work = `const untilMs = Date.now() + ${mostMs};
    while (Date.now() < untilMs && process.ppid === ${process.pid}) for (let turn = 0; turn < 1e7; turn += 1);`;
  const busy = Array.from({ length: count }, () => spawn(process.execPath, ['-e', work], { stdio: 'ignore' }));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(
        busy.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const ended = once(child, 'exit');
          child.kill('SIGKILL');
          await ended;
        }),
      );
    },
  };
}
