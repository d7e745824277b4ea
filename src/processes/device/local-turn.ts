// Mode `local`: the device's draft model decodes alone, without an edge. The text is unverified, that is, not the target's; its outcome
// records that.

import { type Checks, checkOptions, having, optional, whole } from '../../core/basics/check-options.ts';
import { asOutriderError, badArgument, OutriderError } from '../../core/basics/errors.ts';
import { createEnding } from '../../core/decoding/ending.ts';
import { TextAssembler } from '../../core/decoding/ending-text.ts';
import { completeSampling, validateSampling } from '../../core/decoding/sampling.ts';
import { DraftedText } from '../../core/decoding/token-list.ts';
import { TokenText } from '../../core/decoding/token-text.ts';
import type { Outcome } from '../../core/protocol/device/device-state.ts';
import { type Drafter, draftRequest } from '../../models/port/drafter.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import { EmissionQueue } from './emission-queue.ts';
import type { Turn } from './turn.ts';
import { idsCheck, partChecks, promptCheck, questionChecks, type TurnOptions } from './turn-options.ts';
import { type Emission, localReport, type TurnReport, type TurnTimes } from './turn-report.ts';
import type { TurnStatus } from './turn-status.ts';

/** A turn without an edge; see {@link startLocalTurn}. */
export interface LocalTurnOptions
  extends Pick<TurnOptions, 'tokenizer' | 'prompt' | 'sampling' | 'stopStrings' | 'maxAnswerTokens' | 'clock'> {
  readonly drafter: Drafter;
  /** Ids of what exists of the answer; default: nothing. Emissions have what is new, the report has all. */
  readonly begun?: readonly number[];
  /** Ends the iteration after the present token. */
  readonly signal?: AbortSignal;
}

const localChecks: Checks<LocalTurnOptions> = {
  tokenizer: partChecks.tokenizer,
  drafter: having('a drafter', 'draft'),
  prompt: promptCheck,
  begun: optional(idsCheck),
  sampling: questionChecks.sampling,
  stopStrings: questionChecks.stopStrings,
  maxAnswerTokens: optional(whole(1)),
  clock: questionChecks.clock,
  signal: questionChecks.signal,
};

/** The part of a status that only an edge can give. */
const withoutEdge = {
  session: '',
  edge: null,
  fingerprint: null,
  draftMs: null,
  acceptance: null,
  roundTripMs: null,
  heldTokens: null,
};

/** @throws OutriderError `bad-argument` */
export function startLocalTurn(options: LocalTurnOptions): Turn {
  checkOptions('startLocalTurn', options, localChecks);
  const { tokenizer, stopStrings = [], maxAnswerTokens = 256, begun = [] } = options;
  const sampling = completeSampling(options.sampling);
  validateSampling(sampling, tokenizer.vocabularySize);
  const rule = { endIds: tokenizer.endIds, stopStrings, maxAnswerTokens };
  const ending = createEnding(rule, tokenizer.bytes);
  let stopped = false;
  let writtenTokens = begun.length;
  let isOver = false;
  const stop = (): void => {
    stopped = true;
  };
  const queue = new EmissionQueue<Emission>(stop);
  const report = write();
  return {
    report,
    stop,
    get status(): TurnStatus {
      const promptTokens = options.prompt.length;
      return { ...withoutEdge, promptTokens, writtenTokens, maxAnswerTokens, isOver, mode: 'local' };
    },
    moveTo: (edge) => {
      throw badArgument(`a turn without an edge can't move to ${edge}`, 'Ask an edge: startTurn, or device.ask.');
    },
    obey: () => {},
    [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
  };

  async function write(): Promise<TurnReport> {
    const clock = options.clock ?? machineClock;
    const times: TurnTimes = { startMs: clock.nowMs(), commits: [], draftMs: [], servedBy: [] };
    const assembler = new TextAssembler(rule, tokenizer.bytes);
    let tokens = TokenText.of([...options.prompt, ...begun]);
    let state = begun.reduce((before, id) => ending.push(before, id).state, ending.start);
    let text = assembler.push(begun);
    const emit = (added: readonly number[], piece: string): void => {
      text += piece;
      writtenTokens += added.length;
      queue.push({ tokens: added, text: piece, pieces: [{ text: piece, drafted: true }], atMs: clock.nowMs() });
    };
    const finish = (outcome: Outcome): TurnReport => {
      const rest = assembler.flush();
      if (rest !== '') emit([], rest);
      isOver = true;
      if (outcome.kind === 'failed') queue.fail(new OutriderError(outcome.code, outcome.cause, outcome.remedy));
      else queue.end();
      return localReport({ outcome, text, tokens: tokens.slice(options.prompt.length), times });
    };
    try {
      for (;;) {
        if (stopped || options.signal?.aborted === true) return finish({ kind: 'stopped' });
        const startMs = clock.nowMs();
        const request = draftRequest(new DraftedText(tokens), { promptLength: options.prompt.length, sampling });
        const draft = await options.drafter.draft(request);
        if (draft === null) return finish({ kind: 'unverified', reason: 'context-full' });
        times.draftMs.push(clock.nowMs() - startMs);
        times.commits.push({ atMs: clock.nowMs(), tokenCount: 1, acceptedCount: 0 });
        tokens = tokens.append([draft.token]);
        const pushed = ending.push(state, draft.token);
        state = pushed.state;
        emit([draft.token], assembler.push([draft.token]));
        if (pushed.end !== null) return finish({ kind: 'unverified', reason: pushed.end.reason });
      }
    } catch (error) {
      const { code, message: cause, remedy } = asOutriderError(error);
      return finish({ kind: 'failed', code, cause, remedy });
    }
  }
}
