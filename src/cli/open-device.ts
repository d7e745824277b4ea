// Everything a device process needs to answer: a way to the edge over the emulated network, a tokenizer, a draft.

import { ModelDrafter } from '../device/drafter.ts';
import { acquireModel } from '../models/acquire.ts';
import { openLlamaTokenizer } from '../models/llama-tokenizer.ts';
import type { LanguageModel, Tokenizer } from '../models/model.ts';
import { openModel } from '../models/open-model.ts';
import { idealLink, parseLink } from '../protocol/link-model-settings.ts';
import { createEmulatedLink } from '../transport/emulated-link.ts';
import type { Connect } from '../transport/transport.ts';
import { connectWebSocket } from '../transport/websocket.ts';
import { createAcquireReport } from './acquire-report.ts';
import type { AnswerFlags } from './answer-flags.ts';

export interface Device extends AsyncDisposable {
  readonly connect: Connect;
  readonly tokenizer: Tokenizer;
  /** Null: nothing drafts here. */
  readonly drafter: ModelDrafter | null;
  /** Of the draft, for people. */
  readonly draftDescription: string;
}

/** @param targetSpec gives the tokenizer where the draft brings none (ngram, none) */
export async function openDevice(url: string, targetSpec: string, flags: AnswerFlags): Promise<Device> {
  const connect = connectThrough(url, flags);
  const report = createAcquireReport();
  await using cleanup = new AsyncDisposableStack();
  const spec = flags.draft;
  const options = {
    role: 'draft',
    sequences: 1,
    contextLength: 4096,
    exact: true,
    onProgress: report.onProgress,
  } as const;
  const needsTokenizer = spec === 'ngram' || spec === 'none';
  const own = needsTokenizer ? await openTokenizer(targetSpec, report.onProgress) : undefined;
  if (own !== undefined) cleanup.use(own);
  const model = spec === 'none' ? undefined : await openModel(spec, { ...options, tokenizer: own?.tokenizer });
  if (model !== undefined) cleanup.use(model);
  report.stop();
  const drafter = model === undefined ? null : cleanup.use(new ModelDrafter(model));
  const tokenizer = model?.tokenizer ?? own?.tokenizer;
  if (tokenizer === undefined) throw new Error('neither a draft nor a tokenizer');
  const kept = cleanup.move();
  return {
    connect,
    tokenizer,
    drafter,
    draftDescription: model?.identity.description ?? 'nothing drafts',
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function connectThrough(url: string, flags: AnswerFlags): Connect {
  const direct = connectWebSocket(url);
  if (flags.link === undefined && flags.rtt === 0) return direct;
  const settings = flags.link === undefined ? { ...idealLink, roundTripMs: flags.rtt } : parseLink(flags.link);
  return createEmulatedLink(direct, settings).connect;
}

type OpenedTokenizer = { readonly tokenizer: Tokenizer } & AsyncDisposable;

async function openTokenizer(
  spec: string,
  onProgress: Parameters<typeof openModel>[1]['onProgress'],
): Promise<OpenedTokenizer> {
  if (spec.startsWith('toy')) {
    const model: LanguageModel = await openModel(spec, {
      role: 'draft',
      sequences: 1,
      contextLength: 4096,
      exact: true,
    });
    return { tokenizer: model.tokenizer, [Symbol.asyncDispose]: () => model.close() };
  }
  const { path } = await acquireModel(spec, { onProgress });
  const tokenizer = await openLlamaTokenizer(path);
  return { tokenizer, [Symbol.asyncDispose]: () => tokenizer[Symbol.asyncDispose]() };
}
