// Memory of another process of this machine.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Resident set in MB (10^6 bytes); undefined where the system does not report it. */
export async function residentMB(processId: number): Promise<number | undefined> {
  const kibibytes = (await fromStatus(processId)) ?? (await fromPs(processId));
  return kibibytes === undefined ? undefined : (kibibytes * 1024) / 1e6;
}

/** On Linux. */
async function fromStatus(processId: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${processId}/status`, 'utf8').catch(() => '');
  return numberIn(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]);
}

/** On other Unix systems. */
function fromPs(processId: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(processId)], (error, output) => {
      resolve(error === null ? numberIn(output.trim()) : undefined);
    });
  });
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
