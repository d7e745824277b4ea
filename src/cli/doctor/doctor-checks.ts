// The checks of doctor: what device and edge need on this machine. Each check reports in one line what it found or what is wrong, and
// in another what to do. It repairs nothing and downloads nothing.

import { availableParallelism } from 'node:os';
import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { modelLabel } from '../../files/document.ts';
import { gpuChoiceOf, startLlamaEngine } from '../../models/engines/llama-engine.ts';
import type { OpenModelOptions } from '../../models/engines/open-model.ts';
import { modelPath } from '../../models/files/acquire.ts';
import { defaultCacheDirectory, fileBytes, hashFile } from '../../models/files/cache.ts';
import { findModel } from '../../models/files/manifest.ts';
import { availableMemoryBytes, demandMemory, memoryBytes, type PlannedModel } from '../../models/files/memory-check.ts';
import { readModel } from '../../models/gguf/model-files.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { needsFile } from '../../models/port/model-spec.ts';
import type { Connection } from '../../network/transport/transport.ts';
import { listenWebSocket } from '../../network/transport-node/websocket-server.ts';
import { probeEdge } from '../../processes/device/probe-edge.ts';
import { askEdge } from '../edge/edge-request.ts';
import { formatBytes } from '../terminal/progress-bar.ts';

export interface Check {
  readonly check: string;
  readonly ok: boolean;
  /** What was found, or what is wrong. */
  readonly cause: string;
  /** What to do; empty where nothing is to be done. */
  readonly remedy: string;
}

/** Runs one check. Its error is what is wrong; its result is what was found. */
export async function runCheck(check: string, work: () => Promise<string> | string): Promise<Check> {
  try {
    return { check, ok: true, cause: await work(), remedy: '' };
  } catch (error) {
    if (isOutriderError(error)) return { check, ok: false, cause: error.message, remedy: error.remedy };
    const cause = error instanceof Error ? error.message : String(error);
    return { check, ok: false, cause, remedy: 'report it with the whole output of outrider doctor --json' };
  }
}

/** Least minor version of the majors before the first that may have any: what reports the processor time of a thread. */
const leastMinors: Readonly<Record<number, number>> = { 22: 19, 24: 6 };

export function checkNode(version: string = process.versions.node): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 24 || minor >= (leastMinors[major] ?? Number.POSITIVE_INFINITY)) return `Node ${version}`;
  const cause = `Node ${version} is neither 22.19 or a later 22, nor 24.6 or newer`;
  throw new OutriderError('engine-missing', cause, 'install a newer Node, or use the one that "node setup.mjs" brings');
}

export async function checkEngine(gpu?: OpenModelOptions['gpu']): Promise<string> {
  const { version, backend } = await startLlamaEngine(gpuChoiceOf(gpu));
  return `${version}, ${backend.split(',')[0]}`;
}

/** @returns in words that the file of a model is there and the right one. A toy needs none. */
export async function checkModelFile(spec: string): Promise<string> {
  if (!needsFile(spec)) return `${spec} needs no file`;
  const entry = findModel(spec);
  const path = pathOf(spec);
  const name = modelLabel(spec);
  if ((await fileBytes(path)) === undefined) {
    const remedy = entry === undefined ? 'give the path of a GGUF file' : `outrider models pull ${spec}`;
    throw new OutriderError('model-not-found', `there is no file of ${name}`, remedy);
  }
  if (entry === undefined) return `${name} is there; the manifest has no hash of it`;
  const sha256 = await hashFile(path);
  if (sha256 === entry.sha256) return `${spec}, SHA-256 as in the manifest`;
  const remedy = `outrider models remove ${spec}, then outrider models pull ${spec}`;
  throw new OutriderError('model-hash-mismatch', `the file of ${spec} has another SHA-256 than the manifest`, remedy);
}

/** Where the file of a model lies or would lie. */
export function pathOf(spec: string): string {
  const entry = findModel(spec);
  return entry === undefined ? spec : modelPath(defaultCacheDirectory(), entry);
}

export function checkTokenizers(target: LanguageModel, draft: LanguageModel): string {
  if (target.tokenizer.hash === draft.tokenizer.hash) return 'target and draft have the same tokenizer';
  const cause = `${target.identity.name} and ${draft.identity.name} have different tokenizers`;
  throw new OutriderError('tokenizer-mismatch', cause, 'use a pair of "outrider models list"');
}

/** @param models both, as they will be opened; without toys, which take next to nothing */
export async function checkMemory(models: readonly PlannedModel[], availableBytes?: number): Promise<string> {
  const freeBytes = availableBytes ?? (await availableMemoryBytes());
  await demandMemory(models, { availableBytes: freeBytes });
  let neededBytes = 0;
  for (const model of models) neededBytes += memoryBytes(await readModel(model.path), model);
  return `${formatBytes(neededBytes)} needed for both models, ${formatBytes(freeBytes)} free`;
}

export function checkCores(coreCount: number = availableParallelism()): string {
  if (coreCount >= 2) return `${coreCount} cores; device and edge use one thread each where text must be exact`;
  const cause = 'one core: device and edge would take turns on it';
  throw new OutriderError('bad-argument', cause, 'run the edge on another machine');
}

/**
 * Whether a scraper gets the metrics of an edge with this key, in the edge's own words, which name the key.
 * @throws OutriderError `unauthorized` and what {@link askEdge} throws
 */
export async function checkScraper(url: string, key: string, fingerprint: string | undefined): Promise<string> {
  const { status, text } = await askEdge({ url, method: 'GET', path: '/metrics', key, fingerprint });
  if (status === 200) return `a scraper with this key reads ${text.split('\n').length} lines of /metrics`;
  const word = messageIn(text) ?? `status ${status}`;
  const remedy = 'give the scraper a key of its own: outrider keys add NAME --scope metrics';
  throw new OutriderError('unauthorized', `/metrics is refused: ${word.slice(0, 200)}`, remedy);
}

/** The message of an error in OpenAI's shape; null: it is something else. */
function messageIn(text: string): string | null {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } };
    return typeof error?.message === 'string' ? error.message : null;
  } catch {
    return null;
  }
}

/** An edge that runs there already is no fault. */
export async function checkPort(port: number): Promise<string> {
  try {
    const listener = await listenWebSocket({ host: '127.0.0.1', port }, (connection) => silent(connection));
    await listener.close();
    return `port ${port} is free`;
  } catch (error) {
    const { hello } = await probeEdge(`ws://127.0.0.1:${port}`).catch(() => ({ hello: null }));
    if (hello !== null) return `an edge runs on port ${port} already (${hello.model})`;
    throw error;
  }
}

function silent(connection: Connection) {
  return { frame: (bytes: Uint8Array) => connection.send(bytes), writable: () => {}, closed: () => {} };
}
