// Fetches one file over HTTP into a file, and continues where an earlier attempt stopped. It checks lengths, not hashes, and does
// not know what the file is for.

import { open } from 'node:fs/promises';
import { OutriderError } from '../../core/basics/errors.ts';
import { type ByteProgress, fileBytes } from './cache.ts';

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ByteProgress | undefined;
  /** Longest wait for the first byte of an answer. Short: without a network the next source should get its turn. */
  readonly answerTimeoutMs?: number;
  /** Longest silence in the middle of a file. */
  readonly silenceTimeoutMs?: number;
}

/** A broken connection is opened again this often, as long as each attempt brings some bytes. */
const attemptLimit = 5;

function failed(reason: string, cause?: unknown): OutriderError {
  const remedy = 'check the network (a proxy needs HTTPS_PROXY and NODE_USE_ENV_PROXY=1), then repeat';
  return new OutriderError('download-failed', reason, remedy, { cause });
}

function describeFailure(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  return 'code' in inner && inner.message === '' ? String(inner.code) : inner.message;
}

async function ask(url: string, startBytes: number, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'outrider' };
  if (startBytes > 0) headers['range'] = `bytes=${startBytes}-`;
  const response = await fetch(url, { headers, signal });
  if (response.status === 200) return response;
  const range = response.headers.get('content-range') ?? '';
  if (response.status === 206 && range.startsWith(`bytes ${startBytes}-`)) return response;
  await response.body?.cancel();
  throw failed(`answered ${response.status} ${response.statusText}`.trim());
}

interface Attempt extends Required<DownloadOptions> {
  readonly url: string;
  readonly destination: string;
  readonly byteLength: number;
}

/** One connection. Ends when the file is whole; bytes that came before an error stay in the file. */
async function attemptDownload(attempt: Attempt): Promise<void> {
  const silence = new AbortController();
  const giveUpAfter = (timeoutMs: number) =>
    setTimeout(() => silence.abort(failed(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  let timer = giveUpAfter(attempt.answerTimeoutMs);
  const signal = attempt.signal === undefined ? silence.signal : AbortSignal.any([attempt.signal, silence.signal]);
  try {
    const present = (await fileBytes(attempt.destination)) ?? 0;
    const startBytes = present < attempt.byteLength ? present : 0;
    const response = await ask(attempt.url, startBytes, signal);
    const resumed = response.status === 206;
    await using file = await open(attempt.destination, resumed ? 'a' : 'w');
    let doneBytes = resumed ? startBytes : 0;
    for await (const piece of response.body ?? []) {
      clearTimeout(timer);
      timer = giveUpAfter(attempt.silenceTimeoutMs);
      doneBytes += piece.length;
      if (doneBytes > attempt.byteLength) throw failed('sent more than the file should have');
      await file.writeFile(piece);
      attempt.onProgress?.(doneBytes, attempt.byteLength);
    }
    if (doneBytes < attempt.byteLength) throw failed(`sent ${doneBytes} of ${attempt.byteLength} bytes`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Fetches `url` into `destination`, which may hold the beginning already. An abort keeps what has come.
 * @param byteLength what the whole file must have.
 * @throws OutriderError `download-failed`; the reason of `signal` after an abort; the system's error if writing fails.
 */
export async function downloadFile(
  url: string,
  destination: string,
  byteLength: number,
  { signal, onProgress, answerTimeoutMs = 5_000, silenceTimeoutMs = 30_000 }: DownloadOptions = {},
): Promise<void> {
  const attempt: Attempt = { url, destination, byteLength, signal, onProgress, answerTimeoutMs, silenceTimeoutMs };
  for (let attemptCount = 1; ; attemptCount++) {
    const before = (await fileBytes(destination)) ?? 0;
    try {
      return await attemptDownload(attempt);
    } catch (error) {
      signal?.throwIfAborted();
      // fetch reports a broken connection as a TypeError. Anything else is an answer, or the disk's doing.
      if (!(error instanceof TypeError)) throw error;
      if (attemptCount >= attemptLimit || ((await fileBytes(destination)) ?? 0) <= before) {
        throw failed(describeFailure(error), error);
      }
    }
  }
}
