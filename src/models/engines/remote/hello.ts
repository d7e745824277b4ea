// What a worker says of itself when it is met, checked.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { OutriderError } from '../../../core/basics/errors.ts';
import type { ShapeLaw } from '../../../core/decoding/shape-law.ts';
import { brokenFrame, type Frame, oneLine, rowsVersion } from './frames.ts';

const words = z.string().min(1).transform(oneLine);
const count = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

export interface Hello {
  /** The model's. */
  readonly name: string;
  /** Engine and version, and where it runs, in words. */
  readonly engine: string;
  readonly device: string;
  /** Everything on which bits depend. */
  readonly parts: Readonly<Record<string, unknown>>;
  /** Logits of a row. */
  readonly vocabularySize: number;
  /** The file that the worker's own tokenizer was read from. */
  readonly tokenizer: { readonly format: string; readonly sha256: string };
  /** Whether it answers `encode`. */
  readonly encodes: boolean;
  readonly limits: {
    readonly contextLength: number;
    readonly maxSequences: number;
    /** Most ids of one evaluate frame. */
    readonly largestCall: number;
    readonly cachedTokenBytes?: number | undefined;
  };
  /** That the worker expects to hold. */
  readonly law: ShapeLaw;
  readonly settles: boolean;
}

const helloSchema: z.ZodType<Hello> = z.object({
  name: words,
  engine: words,
  device: words,
  parts: z.record(z.string(), z.unknown()),
  // As many as a model file may have.
  vocabularySize: count.max(4_000_000),
  tokenizer: z.object({ format: words, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  encodes: z.boolean(),
  limits: z.object({
    contextLength: count,
    maxSequences: count.max(4096),
    largestCall: count.max(65_535),
    cachedTokenBytes: z.number().positive().optional(),
  }),
  law: z.object({ multiple: count, least: count, most: count, merges: z.boolean() }),
  settles: z.boolean(),
});

/** @throws OutriderError `version-mismatch`, `engine-refused` */
export function readHello(frame: Frame & { readonly kind: 'hello' }): Hello {
  if (frame.version !== rowsVersion) {
    const cause = `the engine speaks version ${frame.version} of the rows protocol, and this edge version ${rowsVersion}`;
    throw new OutriderError('version-mismatch', cause, 'take a worker and an edge of the same release');
  }
  const read = helloSchema.safeParse(frame.hello);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw brokenFrame(`its hello is not valid at ${issue?.path.join('.') ?? 'its root'}: ${issue?.message}`);
}

/** Hash over all on which bits depend, hex. @param more what the edge adds */
export function hashParts({ parts, engine, vocabularySize, tokenizer }: Hello, more: object): string {
  return createHash('sha256')
    .update(inOrder({ parts, engine, vocabularySize, tokenizer, ...more }))
    .digest('hex');
}

/** JSON with the names of each object in order: a worker may write them in any. */
export function inOrder(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
