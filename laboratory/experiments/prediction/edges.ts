// The edges of "bench prediction": in this process, with a scripted target.

import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { preciseSleep } from '../../../src/models/engines/precise-sleep.ts';
import type { LanguageModel, Tokenizer } from '../../../src/models/port/model.ts';
import { paceModel } from '../../../src/models/port/paced.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { type Edge, listenEdge, startEdge } from '../../../src/processes/edge/edge.ts';
import { createScriptedTarget, type Script, scriptChoices } from './scripted-target.ts';

/** Name of the case without latency emulation. */
export const unpaced = 'unpaced';
const contextLength = 8192;
/** One measures its steps. */
const sequences = 3;

export interface ScriptedEdge extends AsyncDisposable {
  readonly url: string;
  readonly edge: Edge;
}

/** @param hardware a latency profile, or {@link unpaced}: then `target` evaluates every token, and costs what it costs here */
export async function startScriptedEdge(
  hardware: string,
  script: Script,
  { tokenizer, target, maxRows }: { readonly tokenizer: Tokenizer; readonly target: string; readonly maxRows: number },
): Promise<ScriptedEdge> {
  const profile = hardware === unpaced ? null : findProfile(hardware);
  const model =
    profile === null
      ? scriptChoices(
          await openModel(target, { role: 'target', sequences, contextLength, exact: true, threads: 1 }),
          script,
        )
      : paced(createScriptedTarget(script, tokenizer, { contextLength, sequences }), profile);
  const stepTime = profile === null ? {} : { stepTime: linearStepTime(profile.stepMs, profile.rowMs) };
  const edge = await startEdge({ model, maxRows, ...stepTime });
  const { port, close } = await listenEdge(edge, { host: '127.0.0.1', port: 0 });
  return {
    url: `ws://127.0.0.1:${port}`,
    edge,
    async [Symbol.asyncDispose]() {
      await edge.close();
      await close();
      await model.close();
    },
  };
}

function paced(model: LanguageModel, profile: ReturnType<typeof findProfile>): LanguageModel {
  return paceModel(model, profile, { clock: machineClock, sleepUntil: preciseSleep(machineClock) });
}
