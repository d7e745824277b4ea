// Whether a result can be written to the path that the user gave: checked before long work, not after it.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { badArgument } from '../../src/core/basics/errors.ts';

/** @param file that will be written, or replaced @throws OutriderError `bad-argument` if it can't be */
export function checkWritable(file: string): void {
  try {
    if (existsSync(file)) {
      if (!statSync(file).isFile()) throw new Error('it is no file');
      accessSync(file, constants.W_OK);
    } else {
      const folder = dirname(file);
      if (!statSync(folder).isDirectory()) throw new Error(`${folder} is no folder`);
      accessSync(folder, constants.W_OK);
    }
  } catch (error) {
    const remedy = 'Name a file in a folder that exists and that you may write to.';
    throw badArgument(`"${file}" can't be written: ${(error as Error).message}`, remedy, { cause: error });
  }
}
