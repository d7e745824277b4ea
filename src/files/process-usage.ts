// What another process of this machine uses: memory, and the processor.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Resident set in MB (10^6 bytes), on Unix systems; undefined elsewhere, or where it has ended. */
export async function residentMB(processId: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${processId}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? (await kibibytesOfPs(processId));
  return kibibytes === undefined ? undefined : (Number(kibibytes) * 1024) / 1e6;
}

async function kibibytesOfPs(processId: number): Promise<string | undefined> {
  const ps = promisify(execFile)('ps', ['-o', 'rss=', '-p', String(processId)]);
  return /^\d+$/.exec(await ps.then(({ stdout }) => stdout.trim()).catch(() => ''))?.[0];
}

/** A tick of the counters of /proc, on every Linux that Node runs on, microseconds. */
const tick = 10_000;

/** Processor time of its main thread since its start, microseconds. @throws Error it has ended, or the system is not Linux */
export async function mainThreadUsage(processId: number): Promise<{ readonly user: number; readonly system: number }> {
  const text = await readFile(`/proc/${processId}/task/${processId}/stat`, 'utf8');
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { user: tick * Number(fields[11]), system: tick * Number(fields[12]) };
}
