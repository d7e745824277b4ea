// Many devices in one process, each writing one answer after the other, and one that sends as many drafts as it may. Every text
// is compared with the toy's own.

import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { type Drafter, ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { writeToyText } from '../../../src/models/port/toy-text.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import type { TurnReport } from '../../../src/processes/device/turn-report.ts';

export interface Task {
  readonly prompt: readonly number[];
  readonly reference: readonly number[];
}

/** Results of the turns of one device. */
export interface DeviceTally {
  readonly isGreedy: boolean;
  texts: number;
  wrongTexts: number;
  /** Turns that got no connection. */
  unopenedTurns: number;
  tokens: number;
  /** Engine rows and duration of the turns that ended. */
  rows: number;
  endedMs: number;
}

const answerTokens = 96;
const promptCount = 32;

export async function makeTasks(toySeed: number): Promise<Task[]> {
  const tasks: Task[] = [];
  for (let number = 0; number < promptCount; number += 1) {
    const prompt = Array.from({ length: 8 + number }, (_, index) => 1000 + 50 * number + index);
    tasks.push({ prompt, reference: await writeToyText(toySeed, prompt, neutralSampling, answerTokens) });
  }
  return tasks;
}

/** A draft model that is always right and takes no time: it requests as many rows as possible. */
function greedyDrafter({ prompt, reference }: Task): Drafter {
  return {
    draft: async ({ text }) => {
      const token = reference[text.length - prompt.length];
      return token === undefined ? null : { token, confidence: 1 };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

export interface DeviceSettings {
  readonly url: string;
  /** The draft model; one sequence per device. */
  readonly model: LanguageModel;
  readonly tasks: readonly Task[];
  readonly maxAhead: number;
  readonly until: AbortSignal;
}

/** Writes answers until the signal aborts. */
export async function runDevice(settings: DeviceSettings, number: number, isGreedy: boolean): Promise<DeviceTally> {
  const { url, model, tasks, until } = settings;
  const tally: DeviceTally = { isGreedy, texts: 0, wrongTexts: 0, unopenedTurns: 0, tokens: 0, rows: 0, endedMs: 0 };
  const own = isGreedy ? null : new ModelDrafter(model);
  const connect = connectWebSocket(url);
  for (let turn = number; !until.aborted; turn += 1) {
    const task = tasks[turn % tasks.length];
    if (task === undefined) break;
    const startMs = performance.now();
    const report = await startTurn({
      connect,
      tokenizer: model.tokenizer,
      drafter: own ?? greedyDrafter(task),
      prompt: task.prompt,
      maxAnswerTokens: task.reference.length,
      maxAhead: isGreedy ? 512 : settings.maxAhead,
      signal: until,
    }).report;
    count(tally, report, task, performance.now() - startMs);
  }
  await own?.[Symbol.asyncDispose]();
  return tally;
}

function count(tally: DeviceTally, { outcome, tokens }: TurnReport, { reference }: Task, ms: number): void {
  if (outcome.kind === 'failed' && outcome.code === 'edge-unreachable' && tokens.length === 0) {
    tally.unopenedTurns += 1;
    return;
  }
  const isPrefix = tokens.every((id, index) => id === reference[index]);
  const isWhole = outcome.kind === 'stopped' || tokens.length === reference.length;
  tally.texts += 1;
  tally.tokens += tokens.length;
  if (!isPrefix || !isWhole || outcome.kind === 'failed') tally.wrongTexts += 1;
  if (outcome.kind !== 'ended') return;
  tally.rows += outcome.account.steps + outcome.account.draftRows;
  tally.endedMs += ms;
}
