// Writes a file so that at any time the old one or the new one is there, whole.

import { rename, writeFile } from 'node:fs/promises';

export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
}
