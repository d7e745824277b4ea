// For tests of the machines: an `open` with a short prompt, a `hello`, and rules under which the text does not end soon.

import { createEnding } from '../../decoding/ending.ts';
import { neutralSampling } from '../../decoding/sampling.ts';
import { type HelloMessage, type OpenMessage, protocolVersion } from '../wire/messages.ts';
import type { EdgeRules } from './edge-state.ts';

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
