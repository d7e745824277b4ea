// What a browser's tab needs to draft for this edge: what there is to load, and the bytes, whole or by a range. It opens no file.

import type { Context, Hono } from 'hono';
import type { Sender } from '../../core/protocol/wire/rate-book.ts';
import { ApiError } from './api-error.ts';
import { byteRangeOf } from './byte-range.ts';
import { TabBudget } from './tab-budget.ts';
import type { PartInfo, WeightsInfo } from './weights-info.ts';

/** Bytes that never change, named by their SHA-256 in hex. */
export interface TabPart {
  readonly sha256: string;
  readonly byteLength: number;
  /** @returns the bytes from `from` to before `to`; fewer where the file has been cut */
  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** What there is for the tabs of an edge. */
export interface TabFiles {
  /** The model whose file it is: a draft for the edge's target, or the target itself. */
  readonly name: string;
  /** Length of that file. */
  readonly fileBytes: number;
  /** Hash of the target's tokenizer, which the header holds. */
  readonly tokenizerHash: string;
  /** The first bytes of the file: its metadata, and the places of its tensors. */
  readonly header: TabPart;
  /** The whole file, where it is a draft that a tab can run; null: a tab drafts by look-up. */
  readonly weights: TabPart | null;
}

export interface TabWeightsSettings {
  readonly files: TabFiles;
  readonly model: string;
  readonly budget?: TabBudget;
  readonly nowMs: () => number;
  readonly senderOf: (request: Request) => Sender;
}

export const weightsPath = '/weights';

/** GET /weights, and GET /weights/DIGEST for each part. */
export function addWeights(app: Hono, settings: TabWeightsSettings): void {
  const { files, model, senderOf } = settings;
  const { name, fileBytes, tokenizerHash, header, weights } = files;
  const budget = settings.budget ?? new TabBudget({ fileBytes, nowMs: settings.nowMs });
  const parts = new Map([header, ...(weights === null ? [] : [weights])].map((part) => [part.sha256, part]));
  const infoOf = ({ sha256, byteLength }: TabPart): PartInfo => ({ sha256, bytes: byteLength });
  const own = { header: infoOf(header), weights: weights && infoOf(weights) };
  const info: WeightsInfo = { model, name, fileBytes, tokenizerHash, ...own };
  app.get(weightsPath, (context) => context.json(info));
  app.get(`${weightsPath}/:digest`, (context) => {
    const part = parts.get(context.req.param('digest'));
    if (part === undefined) throw new ApiError(404, 'unknown_url', 'there are no weights with this digest');
    return answer(context, part, budget, senderOf);
  });
}

function answer(
  context: Context,
  part: TabPart,
  budget: TabBudget,
  senderOf: TabWeightsSettings['senderOf'],
): Response {
  const { raw } = context.req;
  const { byteLength } = part;
  const etag = `"${part.sha256}"`;
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    // The digest is in the address: other bytes have another one.
    'cache-control': 'private, max-age=31536000, immutable',
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  };
  if (raw.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  const known = raw.headers.get('if-range');
  const range = known === null || known === etag ? byteRangeOf(raw.headers.get('range'), byteLength) : null;
  if (range === 'none') {
    context.header('content-range', `bytes */${byteLength}`);
    const cause = `there is no such range in ${byteLength} bytes; ask for one range`;
    throw new ApiError(416, 'range_not_satisfiable', cause);
  }
  const { from, to } = range ?? { from: 0, to: byteLength };
  const partial = range === null ? {} : { 'content-range': `bytes ${from}-${to - 1}/${byteLength}` };
  const init = {
    status: range === null ? 200 : 206,
    headers: { ...headers, ...partial, 'content-length': `${to - from}` },
  };
  if (raw.method === 'HEAD') return new Response(null, init);
  return new Response(streamOf(part, from, to, budget, budget.begin(senderOf(raw), to - from)), init);
}

/** Read from the disk at once. */
const pieceBytes = 262_144;

/** Reads a piece when the one before it has left: a client that reads slowly costs no memory. */
function streamOf(
  part: TabPart,
  from: number,
  to: number,
  budget: TabBudget,
  end: (sentBytes: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = from;
  const ended = (): void => end(at - from);
  const next = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const wanted = Math.min(pieceBytes, to - at);
    await budget.pace(wanted);
    const bytes = await part.read(at, at + wanted);
    if (bytes.length !== wanted) throw new Error(`the file of the weights ends at ${at + bytes.length} bytes`);
    return bytes;
  };
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const bytes = await next();
          at += bytes.length;
          controller.enqueue(bytes);
        } catch (error) {
          ended();
          throw error;
        }
        if (at < to) return;
        ended();
        controller.close();
      },
      cancel: ended,
    },
    { highWaterMark: 0 },
  );
}
