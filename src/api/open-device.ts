// A device in one call, on Node: opens the draft and the tokenizer by their names, then makes the device of src/processes/device/device.ts.

import {
  abortSignal,
  type Checks,
  callback,
  checkOptions,
  hasMembers,
  must,
  optional,
  text,
  truth,
  whole,
} from '../core/basics/check-options.ts';
import { defined } from '../core/basics/defined.ts';
import { badArgument } from '../core/basics/errors.ts';
import { openLlamaTokenizer } from '../models/engines/llama-tokenizer.ts';
import { gpuCheck, type OpenModelOptions, openModel } from '../models/engines/open-model.ts';
import { acquireModel } from '../models/files/acquire.ts';
import { defaultPair } from '../models/files/manifest-data.ts';
import { AdaptiveDrafter } from '../models/port/adaptive-drafter.ts';
import { type Drafter, ModelDrafter } from '../models/port/drafter.ts';
import type { Tokenizer } from '../models/port/model.ts';
import { parseModelSpec } from '../models/port/model-spec.ts';
import type { Connect } from '../network/transport/transport.ts';
import { connectWebSocket } from '../network/transport-node/websocket-client.ts';
import { createDevice, type Device } from '../processes/device/device.ts';
import { type DeviceEdge, deviceEdges, type EdgeList, listEdges } from '../processes/device/edge-list.ts';
import { partChecks, questionChecks } from '../processes/device/turn-options.ts';

/** Sequences of a draft model: the text, and each alternative beside it. @param hedges default: the default of a turn */
export function draftSequences(hedges = 1): number {
  return 1 + hedges;
}

/** One of several edges, see {@link DeviceEdge}; an address may have the SHA-256 of its certificate beside it. */
export type OpenedEdge =
  | string
  | Connect
  | (Exclude<DeviceEdge, string | Connect> & {
      /** As `edgeFingerprint`, of this edge. */
      readonly fingerprint?: string | undefined;
    });

/** What a device is made of; only `edge` must be given. */
export interface DeviceOptions {
  /**
   * Address of the edge ("ws://host:8642"), or a connector of your own, such as an emulated link's; or several edges, in the order of
   * preference. With several, an answer moves to another one when its edge is lost, full, silent or going down.
   */
  readonly edge: OpenedEdge | readonly OpenedEdge[];
  /**
   * What drafts: a model's name, the path of a GGUF file, "toy:SEED", "ngram" (repeats what stands in the text), "none", or a source of
   * your own, which stays yours. Default: the draft of the default pair.
   */
  readonly draft?: string | Drafter;
  /**
   * Whose tokenizer to use where the draft brings none ("ngram", "none", a source of your own): the target's name, its path,
   * "toy:SEED", or a tokenizer. Default: the target of the default pair.
   */
  readonly target?: string | Tokenizer;
  /** Takes drafts from the text first (look-up), and asks the draft model only where they are not likely enough; default true. */
  readonly lookUp?: boolean;
  /**
   * SHA-256 of the edge's certificate, 64 hex digits, for an edge that made its certificate itself: this one is trusted, and no other.
   * Default: what the system trusts. Not for a connector of your own. Of several edges each names its own (`fingerprint`).
   */
  readonly edgeFingerprint?: string;
  /** API key, if the edge asks for one. */
  readonly credentials?: string;
  /** Tokens that the draft can hold, prompt included; beyond them nothing is drafted. Default 4,096. */
  readonly contextLength?: number;
  /**
   * Most alternatives that the draft can extend beside a text, whatever a turn asks for; each takes as much memory as one context. 0
   * saves that where no turn hedges. Default 1.
   */
  readonly hedges?: number;
  /** Graphics processor of the draft, where its model is a file; default "off". */
  readonly gpu?: OpenModelOptions['gpu'];
  /** Where model files are kept. Default: OUTRIDER_CACHE, else `outrider` in the user's cache. */
  readonly cacheDirectory?: string;
  /** Called for downloads and other work on model files. */
  readonly onProgress?: OpenModelOptions['onProgress'];
  /** Stops the download of model files. */
  readonly signal?: AbortSignal;
}

const deviceChecks: Checks<DeviceOptions> = {
  edge: deviceEdges(true),
  draft: optional(
    must('Give a name, a path, or a drafter: an object with draft.', (draft) => {
      return typeof draft === 'string' || hasMembers(draft, 'draft');
    }),
  ),
  target: optional(
    must('Give a name, a path, or a tokenizer: an object with hash, encodeChat, bytes.', (target) => {
      return typeof target === 'string' || hasMembers(target, 'hash', 'encodeChat', 'bytes');
    }),
  ),
  lookUp: optional(truth),
  edgeFingerprint: optional(text),
  credentials: partChecks.credentials,
  contextLength: optional(whole(1)),
  hedges: questionChecks.hedges,
  gpu: optional(gpuCheck),
  cacheDirectory: optional(text),
  onProgress: optional(callback),
  signal: optional(abortSignal),
};

/** A device that owns what it has opened; see {@link openDevice}. */
export interface OpenedDevice extends Device, AsyncDisposable {
  /** Name and source of the draft, for people. */
  readonly draftDescription: string;
  /** Frees draft and tokenizer. Stop turns first. */
  close(): Promise<void>;
}

/**
 * Loads what a device needs, getting model files where they are missing; connects only when something is asked.
 * @throws OutriderError `bad-argument`, and what acquireModel and openLlamaModel throw
 */
export async function openDevice(options: DeviceOptions): Promise<OpenedDevice> {
  checkOptions('openDevice', options, deviceChecks);
  const { credentials } = options;
  const edges = edgesOf(options);
  // Newest first when closed. (AsyncDisposableStack would do, but Node 22 does not have it.)
  const opened: AsyncDisposable[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
  };
  const { tokenizer, drafter, description } = await openParts(options, opened).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const device = createDevice({
    edge: edges,
    tokenizer,
    drafter,
    ...defined({ credentials }),
  });
  return { ...device, draftDescription: description, close, [Symbol.asyncDispose]: close };
}

function edgesOf({ edge, edgeFingerprint }: DeviceOptions): EdgeList {
  const list = Array.isArray(edge) ? (edge as readonly OpenedEdge[]) : [edge as OpenedEdge];
  if (list.length > 1 && edgeFingerprint !== undefined)
    throw badArgument(
      'openDevice: edgeFingerprint is given for several edges',
      'Give each edge as { edge, fingerprint }, with its own.',
    );
  const pinOf = (index: number): string | undefined => {
    const one = list[index];
    return (typeof one === 'object' ? one.fingerprint : undefined) ?? edgeFingerprint;
  };
  return listEdges(list, (address, index) => connectWebSocket(address, { fingerprint: pinOf(index) }));
}

interface Parts {
  readonly tokenizer: Tokenizer;
  readonly drafter: Drafter | null;
  readonly description: string;
}

async function openParts(options: DeviceOptions, opened: AsyncDisposable[]): Promise<Parts> {
  const { draft = defaultPair.draft, target = defaultPair.target } = options;
  if (typeof draft !== 'string') {
    const tokenizer = await openTokenizer(target, options, opened);
    return { tokenizer, drafter: draft, description: 'a source of the application' };
  }
  const { kind } = parseModelSpec(draft);
  if (kind !== 'none' && kind !== 'ngram') return openDraftModel(draft, undefined, options, opened);
  const tokenizer = await openTokenizer(target, options, opened);
  if (kind === 'none') return { tokenizer, drafter: null, description: 'nothing drafts' };
  return openDraftModel(draft, tokenizer, options, opened);
}

async function openDraftModel(
  name: string,
  tokenizer: Tokenizer | undefined,
  options: DeviceOptions,
  opened: AsyncDisposable[],
): Promise<Parts> {
  const model = await openModel(name, { ...modelOptions(options), tokenizer });
  opened.push(model);
  const own = new ModelDrafter(model);
  const drafter = parseModelSpec(name).kind === 'ngram' || options.lookUp === false ? own : new AdaptiveDrafter(own);
  opened.push(drafter);
  return { tokenizer: model.tokenizer, drafter, description: model.identity.description };
}

function modelOptions({
  contextLength = 4096,
  hedges,
  gpu,
  cacheDirectory,
  onProgress,
  signal,
}: DeviceOptions): OpenModelOptions {
  // A draft need not be exact: the target's choice wins. One thread leaves the other cores to whatever else runs.
  const shapes = { exact: false, threads: 1 };
  return {
    role: 'draft',
    sequences: draftSequences(hedges),
    contextLength,
    ...shapes,
    gpu,
    cacheDirectory,
    onProgress,
    signal,
  };
}

async function openTokenizer(
  target: string | Tokenizer,
  options: DeviceOptions,
  opened: AsyncDisposable[],
): Promise<Tokenizer> {
  if (typeof target !== 'string') return target;
  if (parseModelSpec(target).kind === 'toy') {
    const model = await openModel(target, modelOptions(options));
    opened.push(model);
    return model.tokenizer;
  }
  const { cacheDirectory, onProgress, signal } = options;
  const { path } = await acquireModel(target, { cacheDirectory, onProgress, signal });
  const tokenizer = await openLlamaTokenizer(path);
  opened.push(tokenizer);
  return tokenizer;
}
