// What another process of this machine uses: memory, and the processor.

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

/** Ticks of the counters of /proc in a second, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/**
 * Processor time since its start, seconds; undefined where the system is not Linux.
 * @param threads all that it has, or its main thread alone
 */
export async function processorSeconds(processId: number, threads: 'all' | 'main'): Promise<number | undefined> {
  const folder = threads === 'all' ? `/proc/${processId}` : `/proc/${processId}/task/${processId}`;
  const text = await readFile(`${folder}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks / ticksPerSecond : undefined;
}
