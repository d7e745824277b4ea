// `outrider serve --offline`: what happens to answers while no edge can be reached.

import { badArgument } from '../../core/basics/errors.ts';
import { openModel } from '../../models/engines/open-model.ts';
import type { PlannedOpening } from '../../models/files/memory-check.ts';
import { ModelDrafter } from '../../models/port/drafter.ts';
import { parseModelSpec } from '../../models/port/model-spec.ts';
import type { LocalWriter } from '../../processes/http/local-writer.ts';
import { withAcquireReport } from '../models/acquire-report.ts';
import { type CommandDevice, deviceContextLength } from './open-device.ts';

/** As it is typed: true stands for the draft. */
export type OfflineChoice = string | true | undefined;

/** What was chosen. */
export type OfflinePolicy =
  | { readonly kind: 'refuse' }
  /** For as long as the client waits. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'draft' }
  | { readonly kind: 'model'; readonly model: string };

/** @throws OutriderError `bad-argument` */
export function offlinePolicy(choice: OfflineChoice, draft: string): OfflinePolicy {
  if (choice === undefined || choice === 'refuse') return { kind: 'refuse' };
  if (choice === 'wait') return { kind: 'wait' };
  const model = choice === true || choice === 'draft' ? draft : choice;
  const { kind } = parseModelSpec(model);
  if (kind === 'none' || kind === 'ngram') {
    const cause =
      choice === true ? '--offline has no model to answer with' : `--offline: "${model}" can't answer alone`;
    throw badArgument(cause, 'name one, as --offline smollm2-135m, or leave out --offline');
  }
  return model === draft ? { kind: 'draft' } : { kind: 'model', model };
}

/** What `--offline` opens beside the device's own models. */
export function offlineOpenings(policy: OfflinePolicy): readonly PlannedOpening[] {
  return policy.kind === 'model' ? [{ spec: policy.model, sequences: 1, contextLength: deviceContextLength }] : [];
}

/** The writer, and what closes it; null: nothing writes without an edge. */
export async function openOfflineWriter(
  policy: OfflinePolicy,
  { tokenizer, drafter }: Pick<CommandDevice, 'tokenizer' | 'drafter'>,
  gpu: Parameters<typeof openModel>[1]['gpu'],
): Promise<(LocalWriter & AsyncDisposable) | null> {
  if (policy.kind === 'draft' && drafter !== null)
    return { tokenizer, drafter, async [Symbol.asyncDispose](): Promise<void> {} };
  if (policy.kind !== 'model') return null;
  const [opening] = offlineOpenings(policy);
  const { spec, ...size } = opening as PlannedOpening;
  const model = await withAcquireReport((acquiring) =>
    openModel(spec, { role: 'draft', ...size, exact: false, gpu, ...acquiring }),
  );
  const own = new ModelDrafter(model);
  return {
    tokenizer: model.tokenizer,
    drafter: own,
    async [Symbol.asyncDispose](): Promise<void> {
      await own[Symbol.asyncDispose]();
      await model.close();
    },
  };
}

/** Waits as long as any client does. */
const dayMs = 86_400_000;

/** How long an answer waits for an edge, ms; undefined: the default. @param seconds of `--wait` */
export function edgeWaitMs(policy: OfflinePolicy, seconds: number | undefined): number | undefined {
  if (seconds !== undefined) return 1000 * seconds;
  return policy.kind === 'wait' ? dayMs : undefined;
}

/** What will happen, in words for people. */
export function offlineNote(policy: OfflinePolicy, waitMs: number | undefined): string {
  const first = waitMs === undefined || policy.kind === 'wait' ? '' : `waits ${waitMs / 1000} s for one, then `;
  if (policy.kind === 'wait') return 'while no edge answers: requests wait for one';
  if (policy.kind === 'refuse')
    return `while no edge answers: ${first}refuses with 503 (--offline answers by a model of this machine)`;
  const who = policy.kind === 'draft' ? 'the draft model' : policy.model;
  return `while no edge answers: ${first}${who} answers alone, and the answers say that nobody verified them`;
}
