// Writes one answer to the terminal as it becomes final, drafted tokens in one colour and the target's own in another.

import { styleText } from 'node:util';
import { defined } from '../../core/basics/defined.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import type { Sampling } from '../../core/decoding/sampling.ts';
import { modeOf } from '../../core/protocol/wire/mode.ts';
import { startLocalTurn } from '../../processes/device/local-turn.ts';
import { startTurn, type Turn } from '../../processes/device/turn.ts';
import type { TurnOptions } from '../../processes/device/turn-options.ts';
import type { TurnReport } from '../../processes/device/turn-report.ts';
import { foreignAnswer, foreignLine } from '../terminal/terminal-text.ts';
import { hideWaiting, showWaiting } from '../terminal/waiting-line.ts';
import { type Paint, WordWrap } from '../terminal/word-wrap.ts';
import type { AnswerFlags, Mode } from './answer-flags.ts';
import { noteConnections, noteServer } from './connection-notes.ts';
import type { CommandDevice } from './open-device.ts';

export interface Question {
  readonly device: CommandDevice;
  readonly flags: AnswerFlags;
  readonly prompt: readonly number[];
  readonly sampling: Sampling;
  readonly mode: Mode;
  readonly conversation?: string;
  readonly credentials?: string | undefined;
  readonly signal?: AbortSignal;
}

/** How long an answer waits for a controller to name an edge, ms; then the device's own edges are asked. */
const controllerWithinMs = 5000;

export type Show = (text: string, drafted: boolean) => void;

/** Where an answer is shown, and lines between its parts. */
export interface AnswerScreen {
  readonly show: Show;
  readonly note: (line: string) => void;
}

const green: Paint = (text) => styleText('green', text);
const plain: Paint = (text) => text;

/** For one answer. Drafted and confirmed tokens are green; where there is no colour they are not marked. */
export function createScreen(): AnswerScreen {
  const { stdout, stderr } = process;
  // A pseudo-terminal may say that it has no columns.
  const wrap = new WordWrap(() => stdout.columns || Number.POSITIVE_INFINITY);
  return {
    show(text, drafted) {
      const paint = drafted ? green : plain;
      stdout.write(stdout.isTTY === true ? wrap.write(foreignAnswer(text), paint) : paint(text));
    },
    note(line) {
      const isBeside = stdout.isTTY === true && stderr.isTTY === true;
      stderr.write(`${isBeside ? '\n' : ''}${styleText('dim', line)}\n`);
      if (isBeside) wrap.reset();
    },
  };
}

/**
 * Never throws for a failed turn: the report has the failure, and the text so far has been shown.
 * @param screen gets a line when the connection is lost, and when there is another
 */
export async function answer(question: Question, { show, note }: AnswerScreen): Promise<TurnReport> {
  await question.device.agent?.ready(controllerWithinMs);
  const turn = begin(question, note);
  question.device.agent?.follow(turn);
  try {
    for await (const { pieces } of turn) {
      hideWaiting();
      for (const piece of pieces) if (piece.text !== '') show(piece.text, piece.drafted);
    }
  } catch {
    // The report carries the same failure.
  } finally {
    hideWaiting();
  }
  return turn.report;
}

function begin(question: Question, note: (line: string) => void): Turn {
  const { device, flags, prompt, sampling, mode, conversation, credentials, signal } = question;
  const shared = {
    tokenizer: device.tokenizer,
    prompt,
    sampling,
    stopStrings: flags.stop ?? [],
    maxAnswerTokens: flags.maxTokens,
  };
  if (mode === 'local') {
    if (device.drafter === null) {
      throw new OutriderError('bad-argument', 'mode local has no model to write with', 'name one with --draft');
    }
    return startLocalTurn({ ...shared, drafter: device.drafter, ...defined({ signal }) });
  }
  const hasSeveral = device.edges.routes.hasSeveral || device.agent !== null;
  const charge = flags.battery === undefined ? {} : { batteryLevel: flags.battery / 100 };
  const options: TurnOptions = {
    ...shared,
    connect: device.edges,
    allowsOtherTarget: flags.allowOtherTarget === true,
    waitsForEdge: device.agent !== null,
    loadedWithinMs: 1000 * flags.loadedWithin,
    onLoading: (cause) => showWaiting(`waiting: ${foreignLine(cause)}`),
    ...(hasSeveral ? { onServedBy: noteServer(note, (edge) => device.edges.edges.get(edge)?.why) } : {}),
    ...(mode === 'auto'
      ? { drafter: device.drafter, auto: device.auto, ...charge }
      : { drafter: modeOf(mode).deviceDrafts ? device.drafter : null, mode }),
    draftLength: flags.draftLength,
    windowsInFlight: flags.inFlight,
    maxAhead: flags.maxAhead,
    hedges: flags.hedges,
    padding: flags.padding,
    minChainConfidence: flags.minConfidence,
    ...(flags.firstToken === undefined ? {} : { firstTokenWithinMs: 1000 * flags.firstToken }),
    ...defined({ conversation }),
    ...defined({ credentials }),
    ...defined({ signal }),
    onStep: noteConnections(note),
  };
  return startTurn(options);
}
