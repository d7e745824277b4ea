// Checks the logprobs of prompts: what a device gets is the target's own, in order and once, before its answer; and what an edge keeps of
// them is bounded.

import type { VirtualDevice } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import type { VirtualSession } from '../../../simulator/virtual-time/sessions.ts';
import type { ToyTarget } from '../../../simulator/virtual-time/toy-target.ts';
import { askedLogprobs, type Logprobs } from '../../../src/core/decoding/logprobs.ts';
import { TokenText } from '../../../src/core/decoding/token-text.ts';
import { type DeviceEffect, lacksPromptLogprobs } from '../../../src/core/protocol/device/device-state.ts';
import { demand } from './violation.ts';

interface Scores {
  readonly expected: readonly (Logprobs | null)[];
  /** How many of them the device has. */
  count: number;
}

export class ScoreWatch {
  readonly #scores = new Map<VirtualDevice, Scores>();
  /** Logprobs that devices have got. */
  count = 0;

  /** To be called again after a restart. */
  follow(device: VirtualDevice, target: Pick<ToyTarget, 'promptRows'>): void {
    const { prompt, promptLogprobs } = device.state.turn;
    if (promptLogprobs === undefined) return;
    const rows = target.promptRows({ text: TokenText.of(prompt) }, { first: 1, ids: prompt.slice(1) });
    const expected = rows.map((row) => askedLogprobs(row, promptLogprobs));
    this.#scores.set(device, { expected, count: device.state.scoredPrompt });
  }

  /** The effect is performed next. */
  check(device: VirtualDevice, effect: DeviceEffect): void {
    const { name } = device.settings;
    if (effect.kind === 'emit-tokens' || (effect.kind === 'finish' && effect.outcome.kind === 'ended'))
      demand(!lacksPromptLogprobs(device.state), 'prompt-scores', () => `${name} gets an answer before them`);
    if (effect.kind !== 'emit-prompt-logprobs') return;
    const scores = this.#scores.get(device);
    for (const one of effect.logprobs) {
      const at = scores?.count ?? 0;
      const isRight = JSON.stringify(one) === JSON.stringify(scores?.expected[at]);
      demand(isRight, 'prompt-scores', () => `${name} gets ${JSON.stringify(one)} at ${at + 1}`);
      if (scores !== undefined) scores.count += 1;
      this.count += 1;
    }
  }

  /** After an event of the session. */
  checkKept({ settings }: VirtualEdge, { state }: VirtualSession): void {
    const kept = state.promptScores?.unsent.length ?? 0;
    const { prefillChunk } = settings.engine.limits;
    demand(
      kept <= prefillChunk,
      'bounded',
      () => `${settings.name} keeps ${kept} logprobs, a step has ${prefillChunk}`,
    );
  }
}
