// For tests of the machines: an `open` with a short prompt, a `hello`, rules under which the text does not end soon, and an edge's machine.

import { createEnding } from '../../decoding/ending.ts';
import { neutralSampling } from '../../decoding/sampling.ts';
import {
  type DeviceMessage,
  type EdgeMessage,
  type HelloMessage,
  type OpenMessage,
  protocolVersion,
} from '../wire/messages.ts';
import { createEdgeSession, stepEdge } from './edge-session.ts';
import type { EdgeEffect, EdgeEvent, EdgeRules, EdgeState } from './edge-state.ts';

export const testRules: EdgeRules = {
  vocabularySize: 1000,
  contextLength: 200,
  endingOf: ({ stopStrings, maxAnswerTokens }) =>
    createEnding({ endIds: new Set(), stopStrings, maxAnswerTokens }, () => new Uint8Array()),
};

export const testHello: HelloMessage = {
  kind: 'hello',
  version: protocolVersion,
  model: 'toy',
  fingerprint: 'toy',
  tokenizerHash: 'ab'.repeat(32),
  vocabularySize: 100,
  contextLength: 500,
  timing: { stepMs: null, edgeDraftMs: null },
};

export function testOpening(changes: Partial<OpenMessage> = {}): OpenMessage {
  return {
    kind: 'open',
    version: protocolVersion,
    attempt: 1,
    session: '00'.repeat(16),
    conversation: '00'.repeat(16),
    credentials: '',
    padding: 0,
    tokenizerHash: 'ab'.repeat(32),
    mode: 'stream',
    sampling: neutralSampling,
    stopStrings: [],
    maxAnswerTokens: 100,
    flowControlWindow: 256,
    maxAhead: 24,
    prompt: [1, 2, 3],
    answer: [],
    ...changes,
  };
}

/** A session on link 1 whose target writes 97 + p at position p: 100, 101, ... after the prompt. It keeps the effects of the last event. */
export class EdgeBed {
  state: EdgeState;
  effects: readonly EdgeEffect[];

  constructor(changes: Partial<OpenMessage> = {}, isBlocked?: true) {
    const open = testOpening(changes);
    const created = { kind: 'session-created', link: 1, open, ...(isBlocked && { isBlocked }) } as const;
    ({ state: this.state, effects: this.effects } = createEdgeSession(testRules, 1, created));
  }

  step(event: EdgeEvent): this {
    ({ state: this.state, effects: this.effects } = stepEdge(this.state, event));
    return this;
  }

  say(link: number, message: DeviceMessage): this {
    return this.step({ kind: 'message-received', link, message });
  }

  draft(branch: number, first: number, ...tokens: number[]): this {
    return this.say(1, { kind: 'draft', branch, first, tokens });
  }

  resume(link: number, attempt: number, length: number): this {
    const { version, credentials, padding, session } = this.state.open;
    return this.say(link, { kind: 'resume', version, credentials, padding, session, attempt, length });
  }

  /** Link 1 may be another one by now. */
  setWritable(writable: boolean, link = 1): this {
    return this.step({ kind: 'link-writable', link, writable });
  }

  /** A step with this many of the drafts that are ready, in which the target chooses other tokens if they are given. */
  verify(drafts: number, ...choices: readonly number[]): this {
    const { ticket } = this.step({ kind: 'step-started', drafts }).state;
    if (ticket === null) throw new Error('no step');
    const rows = [...ticket.drafts, 0].map((_, index) => {
      const position = ticket.length + index;
      return { ids: [choices[index] ?? 97 + position], logits: [1], logNormaliser: position };
    });
    return this.step({ kind: 'step-done', ticket, rows });
  }

  /** One step without drafts for each token. */
  write(tokens = 1): this {
    for (let left = tokens; left > 0; left -= 1) this.verify(0);
    return this;
  }

  sent(link?: number): EdgeMessage[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'send' && (link ?? effect.link) === effect.link ? [effect.message] : [],
    );
  }

  get closed(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === 'close-link' ? [effect.code] : []));
  }

  /** Why a connection was closed. */
  get fault(): string | undefined {
    return this.effects.find((effect) => effect.kind === 'close-link')?.detail;
  }
}
