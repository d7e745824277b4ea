// The models of `outrider edge`: its target, and a draft model of its own where one is named.

import { CloseStack } from '../../core/basics/close-stack.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { openModel } from '../../models/engines/open-model.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { findProfile, type LatencyProfile } from '../../models/port/profiles.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import { createLawReport, withAcquireReport } from '../models/acquire-report.ts';
import { demandFittingDraft } from '../models/model-room.ts';
import { showWaiting } from '../terminal/waiting-line.ts';
import type { EdgeOperation } from './edge-operation.ts';

interface ModelFlags {
  readonly model: string;
  readonly draft?: string | undefined;
  readonly engine: string;
  readonly tokenizer?: string | undefined;
  readonly sessions: number;
  readonly context: number;
  readonly threads?: number | undefined;
  readonly gpu: Parameters<typeof openModel>[1]['gpu'];
  readonly fast: boolean;
  readonly profile?: string | undefined;
  readonly draftProfile?: string | undefined;
  readonly draftHedges: number;
}

/** Closing it closes the models. */
export interface EdgeModels extends AsyncDisposable {
  readonly target: LanguageModel;
  readonly draft: LanguageModel | undefined;
  readonly profile: LatencyProfile | undefined;
}

/** @throws OutriderError `tokenizer-mismatch` for a draft of another target; what openModel throws */
export async function openEdgeModels(flags: ModelFlags, onEngine: EdgeOperation['engineEvent']): Promise<EdgeModels> {
  await demandFittingDraft(flags.model, flags.draft);
  await using opened = new CloseStack();
  const { sessions, context: contextLength, threads, gpu } = flags;
  const profile = flags.profile === undefined ? undefined : findProfile(flags.profile);
  const law = createLawReport(flags.model === 'none' ? flags.engine : flags.model);
  const { target, draft } = await withAcquireReport(async (acquiring) => {
    const options = { contextLength, gpu, clock: machineClock, ...acquiring };
    const target = opened.use(
      await openModel(flags.model, {
        ...options,
        role: 'target',
        engine: flags.engine,
        tokenizerFile: flags.tokenizer,
        onEngine,
        sequences: sessions,
        exact: !flags.fast,
        threads,
        profile: profile?.name,
        onLawProgress: law.onLawProgress,
      }),
    );
    showWaiting('starting the edge ...');
    if (flags.draft === undefined) return { target, draft: undefined };
    const draft = opened.use(
      await openModel(flags.draft, {
        ...options,
        role: 'draft',
        sequences: sessions * (1 + flags.draftHedges),
        exact: false,
        threads: threads ?? 1,
        profile: flags.draftProfile,
      }),
    );
    return { target, draft };
  });
  if (draft !== undefined && draft.tokenizer.hash !== target.tokenizer.hash) {
    const cause = `${draft.identity.name} has another tokenizer than ${target.identity.name}`;
    throw new OutriderError('tokenizer-mismatch', cause, 'take a draft made for that target (outrider models list)');
  }
  const kept = opened.move();
  return { target, draft, profile, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}
