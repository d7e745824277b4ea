// Every reader of foreign files gets a corpus of small hostile ones: nonsense, nests, bombs, cut and changed files of its own kind. It
// answers each with an error code of its own, in a process with a small heap, and takes no memory out of proportion.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeWheel } from '../src/models/files/pypi-wheel.fixture.ts';
import { encodeModel, tinyMetadata, tinyTensors } from '../src/models/gguf/gguf.fixture.ts';

type Corpus = Readonly<Record<string, string | Uint8Array>>;

const shipped = (path: string): Buffer => readFileSync(new URL(`../${path}`, import.meta.url));

/** The same at each call. */
function noise(byteCount: number): Buffer {
  let state = 1;
  return Buffer.from(
    Uint8Array.from({ length: byteCount }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 16;
    }),
  );
}

const nonsense: Corpus = {
  empty: '',
  'one byte': '\0',
  noise: noise(100_000),
  zeros: Buffer.alloc(1_000_000),
  'lists in lists': '['.repeat(200_000),
  'closed lists in lists': `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  'objects in objects': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  'a long number': '9'.repeat(500_000),
  'a long line': `"${'x'.repeat(900_000)}"`,
  'many lines': '{}\n'.repeat(100_000),
  prototype: '{"__proto__": {"version": 1}, "constructor": 1}',
};

/** Cut at a few places, and with a byte changed at many. */
function damaged(whole: Uint8Array): Corpus {
  const files: Record<string, Uint8Array> = {};
  for (const share of [0.01, 0.3, 0.7, 0.99])
    files[`cut at ${share}`] = whole.subarray(0, Math.floor(share * whole.length));
  const first = Math.min(whole.length, 600);
  for (let at = 0; at < first; at += 15) {
    const changed = Uint8Array.from(whole);
    changed[at] = 0xff;
    files[`byte ${at} changed`] = changed;
  }
  return files;
}

type Part = number | bigint | string | Uint8Array;

function bytes(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1');
      if (typeof part === 'object') return part;
      const out = Buffer.alloc(typeof part === 'bigint' ? 8 : 4);
      if (typeof part === 'bigint') out.writeBigUInt64LE(part);
      else out.writeUInt32LE(part);
      return out;
    }),
  );
}

const model = encodeModel(tinyMetadata(4), tinyTensors(4));
const gguf = (count: bigint, ...entries: Part[]) => bytes('GGUF', 3, 0n, count, ...entries);
const models: Corpus = {
  ...damaged(model),
  '2^60 tensors': bytes('GGUF', 3, 2n ** 60n, 0n),
  'an array of 2^40': gguf(1n, 1n, 'k', 9, 0, 2n ** 40n),
  'an array of 3,999,999 empty texts that are not there': gguf(1n, 1n, 'k', 9, 8, 3_999_999n, Buffer.alloc(900_000)),
  'many long arrays': gguf(9n, ...['a', 'b'].flatMap((key) => [1n, key, 9, 0, 3_000_000n, Buffer.alloc(3_000_000)])),
  'a text of 2^63 bytes': gguf(1n, 1n, 'k', 8, 2n ** 63n),
};

/** A wheel whose member claims other sizes than it has. */
function wheel(content: Buffer, change: (copy: Buffer, directoryAt: number) => void = () => {}): Buffer {
  const copy = Buffer.from(encodeWheel('m/model.gguf', content));
  change(copy, copy.indexOf(Buffer.from('PK\x01\x02', 'latin1')));
  return copy;
}
const wheels: Corpus = {
  ...damaged(wheel(noise(1_000))),
  'a file of another size': wheel(noise(999)),
  'a bomb that claims to be small': wheel(deflateRawSync(Buffer.alloc(200_000_000)), (copy, at) => {
    copy.writeUInt16LE(8, at + 10);
    copy.writeUInt32LE(1_000, at + 24);
  }),
  'a list of files beyond the end': wheel(noise(1_000), (copy) => copy.writeUInt32LE(2 ** 31, copy.length - 10)),
};

const mapHeader = JSON.parse(shipped('maps/street-canyon.map.json').toString()) as { bodyBytes: number };
const mapBody = gunzipSync(shipped('maps/street-canyon.map.gz'));
/** Bodies; the header is that of a shipped map, or says what the name says. */
const maps: Corpus = {
  ...damaged(gzipSync(mapBody)),
  'a bomb': gzipSync(Buffer.alloc(500_000_000)),
  'a bomb that is announced': gzipSync(Buffer.alloc(500_000_000)),
  'another body': gzipSync(noise(mapBody.length)),
};

const laughs = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdefghij'.split('').map((name, index) => {
    const before = 'abcdefghij'[index];
    return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`;
  }),
].join('\n');
const scenarios: Corpus = {
  'a billion laughs': laughs,
  'an alias of itself': 'version: 1\na: &a [*a]',
  'a merge of itself': 'version: 1\na: &a\n  <<: *a',
  'a tag that calls': '!!js/function "function () { throw 1 }"',
  'lists in lists': `version: 1\na: ${'['.repeat(2_000)}`,
  'steps in steps': `version: 1\n${Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')}`,
  'many anchors': `version: ${'&a '.repeat(16_000)}`,
  'many keys': `version: 1\n${Array.from({ length: 4_000 }, (_, index) => `k${index}: 1`).join('\n')}`,
};

const tensors = (header: string, data = Buffer.alloc(8)): Buffer => bytes(BigInt(header.length), header, data);
const weights: Corpus = {
  ...damaged(shipped('weights/paper/tma-masac.safetensors')),
  'a header of 2^60 bytes': bytes(2n ** 60n, '{}'),
  'a shape whose product overflows': tensors(
    '{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}',
  ),
  'a tensor beyond the end': tensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4294967296]}}'),
  'two tensors in one place': tensors(
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
  ),
  'places before the beginning': tensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}'),
};

const nest = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
const prompts: Corpus = {
  'a nest in a line': `{"prompt":${nest}}`,
  'messages that are none': '{"messages":[null]}',
  'a line that is none': '{"prompt":"a"}\nnull',
};

const corpora: readonly (readonly [reader: string, ending: string, codes: readonly string[], files: Corpus])[] = [
  ['gguf', '.gguf', ['model-unreadable'], { ...nonsense, ...models }],
  ['wheel', '.whl', ['download-failed'], { ...nonsense, ...wheels }],
  ['map', '.map.gz', ['bad-argument'], { ...nonsense, ...maps }],
  [
    'trace',
    '.trace',
    ['bad-argument', 'version-mismatch'],
    { ...nonsense, ...damaged(shipped('traces/coarse-greedy.trace')) },
  ],
  ['weights', '.safetensors', ['weights-unreadable'], { ...nonsense, ...weights }],
  ['checkpoint', '.safetensors', ['weights-unreadable'], { ...nonsense, ...weights }],
  ['scenario', '.yaml', ['bad-argument', 'version-mismatch'], { ...nonsense, ...scenarios }],
  ['prompts', '.jsonl', ['bad-argument'], { ...nonsense, ...prompts }],
  ['slot', '.json', ['bad-argument'], { ...nonsense, ...prompts }],
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrider-hostile-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly name: string;
  readonly answer: string;
  readonly grownMB: number;
}

function write(reader: string, ending: string, files: Corpus): Map<string, string> {
  const names = new Map<string, string>();
  Object.entries(files).forEach(([name, content], index) => {
    const path = join(folder, `${reader}-${index}${ending}`);
    writeFileSync(path, content);
    names.set(path, name);
    if (reader !== 'map') return;
    const header = name === 'a bomb that is announced' ? { ...mapHeader, bodyBytes: 500_000_000 } : mapHeader;
    writeFileSync(path.replace(/\.gz$/, '.json'), JSON.stringify(header));
  });
  return names;
}

async function answersOf(reader: string, names: ReadonlyMap<string, string>): Promise<Answer[]> {
  const program = fileURLToPath(new URL('hostile-reader.fixture.ts', import.meta.url));
  const heap = '--max-old-space-size=256';
  const { stdout } = await promisify(execFile)(process.execPath, [heap, program, reader, ...names.keys()]);
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => {
    const { path, ...said } = JSON.parse(line) as Answer & { path: string };
    return { ...said, name: names.get(path) ?? path };
  });
}

/** Of the process, above what it had before the first file. No file of the corpus has more than 7 MB. */
const mostGrownMB = 400;

describe('a hostile file', () => {
  it.each(corpora)('is refused by the reader of %s', async (reader, ending, codes, files) => {
    const names = write(reader, ending, files);
    const answers = await answersOf(reader, names);
    expect(answers.length).toBe(names.size);
    // A byte changed where it does not matter leaves a good file.
    const wrong = answers.filter(
      ({ name, answer }) => !codes.includes(answer) && !(answer === 'read' && name.endsWith(' changed')),
    );
    expect(wrong).toEqual([]);
    expect(Math.max(...answers.map(({ grownMB }) => grownMB))).toBeLessThan(mostGrownMB);
  });
});
