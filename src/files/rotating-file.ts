// A log file that grows to a size and is then renamed: edge.log, edge.log.1, edge.log.2, ... up to a number. It is appended, never
// overwritten, and only its owner may read it.

import { appendFileSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { LineSink } from './line-queue.ts';
import { hideFromOthers, ownerOnly } from './private-file.ts';

export interface RotationSettings {
  /** Bytes after which the next line begins a new file. */
  readonly mostBytes: number;
  /** Older files that are kept beside the present one. */
  readonly kept: number;
}

export class RotatingFile implements LineSink {
  readonly #path: string;
  readonly #settings: RotationSettings;
  #file: FileHandle | null = null;
  #bytes = 0;

  constructor(path: string, settings: RotationSettings) {
    this.#path = path;
    this.#settings = settings;
  }

  /** @throws the file system's error, for example when the directory is missing */
  async open(): Promise<void> {
    this.#file = await open(this.#path, 'a', ownerOnly);
    hideFromOthers(this.#path);
    const { size } = await this.#file.stat();
    this.#bytes = size;
  }

  async append(text: string): Promise<void> {
    if (this.#bytes > 0 && this.#bytes + text.length > this.#settings.mostBytes) await this.#rotate();
    if (this.#file === null) await this.open();
    await this.#file?.appendFile(text);
    this.#bytes += Buffer.byteLength(text);
  }

  appendNow(text: string): void {
    appendFileSync(this.#path, text, { mode: ownerOnly });
  }

  /** Closes the file. The next line opens it again, by its name: another program may have renamed it. */
  async reopen(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#bytes = 0;
    await file?.close();
  }

  async #rotate(): Promise<void> {
    await this.reopen();
    const { kept } = this.#settings;
    const nameOf = (age: number): string => (age === 0 ? this.#path : `${this.#path}.${age}`);
    await rm(nameOf(kept), { force: true });
    for (let age = kept - 1; age >= 0; age -= 1) {
      await rename(nameOf(age), nameOf(age + 1)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }
}
