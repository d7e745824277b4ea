// Many devices in one process, each writing one answer after the other, and one that sends as many drafts as it may. Every text
// is compared with the toy's own.

import { type Drafter, ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { closedLoop, ids, type ReadAnswer, readTask, type ToyTask, toyTasks } from '../../readers/toy-reader.ts';

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

export function makeTasks(toySeed: number): Promise<readonly ToyTask[]> {
  const prompts = Array.from({ length: promptCount }, (_, number) => ids(8 + number, 1000 + 50 * number));
  return toyTasks(toySeed, prompts, answerTokens);
}

/** A draft model that is always right and takes no time: it requests as many rows as possible. */
function greedyDrafter({ prompt, reference }: ToyTask): Drafter {
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
  readonly tasks: readonly ToyTask[];
  readonly maxAhead: number;
  readonly until: AbortSignal;
}

/** Writes answers until the signal aborts. */
export async function runDevice(settings: DeviceSettings, number: number, isGreedy: boolean): Promise<DeviceTally> {
  const { url, model, tasks, until } = settings;
  const tally: DeviceTally = { isGreedy, texts: 0, wrongTexts: 0, unopenedTurns: 0, tokens: 0, rows: 0, endedMs: 0 };
  const own = isGreedy ? null : new ModelDrafter(model);
  const asked = { connect: connectWebSocket(url), tokenizer: model.tokenizer, signal: until };
  const maxAhead = isGreedy ? 512 : settings.maxAhead;
  await closedLoop(tasks, number, until, async (task) => {
    count(tally, await readTask(task, { ...asked, drafter: own ?? greedyDrafter(task), maxAhead }));
  });
  await own?.[Symbol.asyncDispose]();
  return tally;
}

function count(tally: DeviceTally, { report, startMs, endMs, isPrefix, isRight }: ReadAnswer): void {
  const { outcome, tokens } = report;
  if (outcome.kind === 'failed' && outcome.code === 'edge-unreachable' && tokens.length === 0) {
    tally.unopenedTurns += 1;
    return;
  }
  tally.texts += 1;
  tally.tokens += tokens.length;
  if (!isRight && !(outcome.kind === 'stopped' && isPrefix)) tally.wrongTexts += 1;
  if (outcome.kind !== 'ended') return;
  tally.rows += outcome.account.steps + outcome.account.draftRows;
  tally.endedMs += endMs - startMs;
}
