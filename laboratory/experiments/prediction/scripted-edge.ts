// The edges of "bench prediction": in this process, with a target that writes a given answer. One target costs nothing, and is paced to
// other hardware; the other evaluates every token with a real engine and only its choices are replaced, so its steps last as long as those
// of that engine.

import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { freeLaw } from '../../../src/core/decoding/shape-law.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { preciseSleep } from '../../../src/models/engines/precise-sleep.ts';
import type { LanguageModel, Tokenizer } from '../../../src/models/port/model.ts';
import { paceModel } from '../../../src/models/port/paced.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { createReaderModel } from '../../../src/models/port/reader-model.ts';
import { scriptModel } from '../../../src/models/port/scripted.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { listenEdge, startEdge } from '../../../src/processes/edge/edge.ts';

/** Name of the case without latency emulation. */
export const unpaced = 'unpaced';
const contextLength = 8192;
/** One of them measures the steps of the edge. */
const sequences = 3;

/** @param hardware a latency profile, or {@link unpaced}: then `target` evaluates every token, and costs what it costs here */
export async function startScriptedEdge(
  hardware: string,
  script: Script,
  { tokenizer, target, maxRows }: { readonly tokenizer: Tokenizer; readonly target: string; readonly maxRows: number },
): Promise<AsyncDisposable & { readonly url: string }> {
  const shape = { sequences, contextLength };
  const profile = hardware === unpaced ? null : findProfile(hardware);
  const model =
    profile === null
      ? scriptChoices(await openModel(target, { role: 'target', ...shape, exact: true, threads: 1 }), script)
      : paceModel(createScriptedTarget(script, tokenizer, shape), profile, {
          clock: machineClock,
          sleepUntil: preciseSleep(machineClock),
        });
  const stepTime = profile === null ? {} : { stepTime: linearStepTime(profile.stepMs, profile.rowMs) };
  const edge = await startEdge({ model, maxRows, ...stepTime });
  const { port, close } = await listenEdge(edge, { host: '127.0.0.1', port: 0 });
  return {
    url: `ws://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await edge.close();
      await close();
      await model.close();
    },
  };
}

/** What is written, by position in the whole text. The bench changes it between two answers. */
export interface Script {
  promptLength: number;
  answer: readonly number[];
}

/** The row after a wrong draft is never read, so it may have any content. */
function candidatesAt({ promptLength, answer }: Script, position: number): Candidates {
  const id = answer[position - promptLength] ?? answer.at(-1) ?? 0;
  return { ids: [id], logits: [10] };
}

export function createScriptedTarget(
  script: Script,
  tokenizer: Tokenizer,
  { contextLength, sequences }: { readonly contextLength: number; readonly sequences: number },
): LanguageModel {
  return createReaderModel({
    identity: {
      name: 'scripted',
      fingerprint: '5c219ded',
      description: 'writes a given text: a script, not a model',
    },
    tokenizer,
    limits: { contextLength, maxSequences: sequences, maxItemTokens: 256, law: freeLaw },
    createReader: () => {
      const ids: number[] = [];
      return {
        get length() {
          return ids.length;
        },
        at: (index) => ids[index] as number,
        append: (id) => void ids.push(id),
        truncate: (length) => {
          ids.length = length;
        },
        candidates: () => candidatesAt(script, ids.length),
      };
    },
  });
}

/** @param inner evaluates everything; closing closes it */
export function scriptChoices(inner: LanguageModel, script: Script): LanguageModel {
  return scriptModel(inner, {
    afterEvaluate: (results, items) =>
      results.map((rows, index) => {
        const end = items[index]?.sequence.length ?? 0;
        return rows.map((_, row) => candidatesAt(script, end - rows.length + 1 + row));
      }),
  });
}
