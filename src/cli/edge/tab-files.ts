// Which file the tabs of an edge draft with: the one that is named, else the draft of the target's pair where it is on this machine, else the
// target's own header, so that a tab has the tokenizer and drafts by look-up.

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { CloseStack } from '../../core/basics/close-stack.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { readDraftShape } from '../../models/engines/wasm/draft-shape.ts';
import { type AcquiredModel, acquireModel, modelPath } from '../../models/files/acquire.ts';
import { defaultCacheDirectory, fileBytes } from '../../models/files/cache.ts';
import { findModel } from '../../models/files/manifest.ts';
import { modelPairs } from '../../models/files/manifest-data.ts';
import { naming, readNaming } from '../../models/gguf/cursor.ts';
import { readMappedDraft } from '../../models/gguf/draft-metadata.ts';
import type { GgufHeader } from '../../models/gguf/gguf.ts';
import { readGguf } from '../../models/gguf/gguf-file.ts';
import { vocabularyOf } from '../../models/gguf/vocabulary.ts';
import { planGguf } from '../../models/gguf/write.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { parseModelSpec } from '../../models/port/model-spec.ts';
import type { TabFiles, TabPart } from '../../processes/http/tab-weights.ts';
import { withAcquireReport } from '../models/acquire-report.ts';

/** Options of `outrider edge`. */
export const tabOptions = {
  tabDraft: {
    flag: '--tab-draft <name|path>',
    help: "draft that a browser's tab loads from this edge; none: tabs draft by look-up (default: the pair's, if it is on this machine)",
  },
} as const;

interface TabFlags {
  readonly model: string;
  readonly tokenizer?: string | undefined;
  readonly tabDraft?: string | undefined;
}

/** The files stay open: what is put in their place later has another digest. Undefined: an engine elsewhere, and no file has its tokenizer. */
export interface OpenTabFiles extends AsyncDisposable {
  readonly files: TabFiles | undefined;
}

type Target = Pick<LanguageModel, 'tokenizer' | 'identity'>;
const nothingOpen: AsyncDisposable = { [Symbol.asyncDispose]: async () => {} };

/** @throws OutriderError `tokenizer-mismatch`, `model-unreadable` */
export async function openTabFiles({ model, tokenizer, tabDraft }: TabFlags, target: Target): Promise<OpenTabFiles> {
  const source = parseModelSpec(tokenizer ?? model);
  if (source.kind !== 'file') return { files: source.kind === 'toy' ? toyFiles(target) : undefined, ...nothingOpen };
  const own = await acquireModel(source.nameOrPath);
  const isNamed = tabDraft !== undefined && tabDraft !== 'none';
  const draft = isNamed
    ? await withAcquireReport((acquiring) => acquireModel(tabDraft, acquiring))
    : tabDraft === 'none'
      ? undefined
      : await draftOfPair(own);
  if (draft !== undefined) {
    const header = await readGguf(draft.path);
    const reason = unfit(header, draft, target);
    if (reason === null) return openFiles(draft, header, target, true);
    if (isNamed) throw reason;
  }
  return openFiles(own, await readGguf(own.path), target, false);
}

/** One that would have to be made or fetched first is not taken unasked. */
async function draftOfPair({ entry }: AcquiredModel): Promise<AcquiredModel | undefined> {
  const name = modelPairs.find(({ target }) => target === entry?.name)?.draft;
  const draft = name === undefined ? undefined : findModel(name);
  if (draft === undefined) return undefined;
  const byteLength = await fileBytes(modelPath(defaultCacheDirectory(), draft));
  return byteLength === draft.byteLength ? acquireModel(draft.name) : undefined;
}

/** @returns why no tab can draft with this file for this target; null: a tab can */
function unfit(header: GgufHeader, { path, entry }: AcquiredModel, { tokenizer, identity }: Target): unknown {
  const name = entry?.name ?? path;
  const hash = readNaming(path, () => tokenizerHashOf(header));
  if (hash !== tokenizer.hash) {
    const cause = `${name} has another tokenizer than ${identity.name}`;
    return new OutriderError('tokenizer-mismatch', cause, 'take a draft made for that target (outrider models list)');
  }
  try {
    readDraftShape(header);
    return null;
  } catch (error) {
    return naming(path, error);
  }
}

function tokenizerHashOf(header: GgufHeader): string {
  return readMappedDraft(header)?.vocabularyHash ?? vocabularyOf(header).hash;
}

async function openFiles(
  { path, entry, sha256 }: AcquiredModel,
  header: GgufHeader,
  { tokenizer, identity }: Target,
  hasWeights: boolean,
): Promise<OpenTabFiles> {
  await using opened = new CloseStack();
  const file = await open(path, 'r');
  opened.defer(() => file.close());
  const prefix = await readFrom(file, 0, header.dataStart);
  const files = {
    name: entry?.name ?? identity.name,
    fileBytes: header.fileBytes,
    tokenizerHash: tokenizer.hash,
    header: partOf(prefix),
    weights: hasWeights
      ? { sha256, byteLength: header.fileBytes, read: (from: number, to: number) => readFrom(file, from, to) }
      : null,
  };
  const kept = opened.move();
  return { files, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}

/** A toy has no file. Its tabs get a header that says which toy's tokenizer it is. */
function toyFiles({ tokenizer, identity: { name } }: Target): TabFiles {
  const { header, fileBytes } = planGguf(
    new Map([
      ['general.architecture', { type: 'string', value: 'toy' }],
      ['toy.vocabulary_size', { type: 'uint32', value: tokenizer.vocabularySize }],
    ]),
    [],
    32,
  );
  const { hash: tokenizerHash } = tokenizer;
  return { name, fileBytes, tokenizerHash, header: partOf(Uint8Array.from(header)), weights: null };
}

function partOf(bytes: Uint8Array<ArrayBuffer>): TabPart {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sha256, byteLength: bytes.length, read: async (from, to) => bytes.slice(from, to) };
}

async function readFrom(file: FileHandle, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(to - from);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
  return bytes.subarray(0, bytesRead);
}
