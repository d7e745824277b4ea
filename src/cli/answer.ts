// Writes one answer to the terminal as it becomes final, drafted tokens in one colour and the target's own in another.

import colors from 'picocolors';
import type { Sampling } from '../decoding/sampling.ts';
import { startTurn, type TurnOptions } from '../device/turn.ts';
import type { TurnReport } from '../device/turn-report.ts';
import type { PacingName } from '../protocol/pacing.ts';
import type { AnswerFlags } from './answer-flags.ts';
import type { CommandDevice } from './open-device.ts';

export interface Question {
  readonly device: CommandDevice;
  readonly flags: AnswerFlags;
  readonly prompt: readonly number[];
  readonly sampling: Sampling;
  readonly mode: PacingName;
  readonly conversation?: string;
  readonly credentials?: string;
  readonly signal?: AbortSignal;
}

export type Show = (text: string, drafted: boolean) => void;

/** Drafted and confirmed tokens are green; where there is no colour they are not marked. */
export const showColoured: Show = (text, drafted) => {
  process.stdout.write(drafted ? colors.green(text) : text);
};

/** Never throws for a failed turn: the report tells it, and the text so far has been shown. */
export async function answer(question: Question, show: Show): Promise<TurnReport> {
  const { device, flags, prompt, sampling, mode, conversation, credentials, signal } = question;
  const options: TurnOptions = {
    connect: device.connect,
    tokenizer: device.tokenizer,
    drafter: mode === 'ar' ? null : device.drafter,
    prompt,
    pacing: mode,
    sampling,
    stopStrings: flags.stop ?? [],
    maxAnswerTokens: flags.maxTokens,
    maxAhead: flags.maxAhead,
    minChainConfidence: flags.minConfidence,
    ...(conversation === undefined ? {} : { conversation }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(signal === undefined ? {} : { signal }),
    ...(device.logTurn === null ? {} : { onStep: device.logTurn() }),
  };
  const turn = startTurn(options);
  try {
    for await (const { pieces } of turn)
      for (const piece of pieces) if (piece.text !== '') show(piece.text, piece.drafted);
  } catch {
    // The report carries the same failure.
  }
  return turn.report;
}
