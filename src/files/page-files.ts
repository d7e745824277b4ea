// The built pages: what dist/pages holds, read once.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { shippedPath } from '../models/files/shipped-path.ts';
import type { PageFile, PageFiles } from '../processes/http/pages.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** @returns by name; empty where the pages are not built, as in a clone before its set-up */
export function readPageFiles(folder: string = shippedPath('dist/pages')): PageFiles {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return new Map();
  }
  return new Map(
    names.flatMap((name) => {
      const type = types[extname(name)];
      return type === undefined ? [] : [[name, pageFile(readFileSync(`${folder}/${name}`), type)] as const];
    }),
  );
}

function pageFile(bytes: Uint8Array<ArrayBuffer>, type: string): PageFile {
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
  return { bytes, type, etag, gzipped: gzipSync(bytes) };
}
