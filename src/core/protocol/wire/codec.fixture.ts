// For tests of the codec: an `open`, a `resume`, a `hello`, and the two ends of a connection that have exchanged the `open`.

import { neutralSampling } from '../../decoding/sampling.ts';
import { DeviceCodec, EdgeCodec } from './codec.ts';
import { type HelloMessage, type OpenMessage, protocolVersion, type ResumeMessage } from './messages.ts';

export const open: OpenMessage = {
  kind: 'open',
  version: protocolVersion,
  session: '000102030405060708090a0b0c0d0e0f',
  conversation: 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
  attempt: 1,
  credentials: '',
  padding: 0,
  tokenizerHash: 'ab'.repeat(32),
  mode: 'stream',
  sampling: { ...neutralSampling, temperature: 0.5, logitBias: [[7, -1]], seed: 42n },
  stopStrings: ['END'],
  maxAnswerTokens: 64,
  flowControlWindow: 256,
  maxAhead: 24,
  prompt: [1, 300, 20000],
  answer: [5],
};

export const resume: ResumeMessage = {
  kind: 'resume',
  version: protocolVersion,
  credentials: 'key',
  padding: 0,
  session: open.session,
  attempt: 2,
  length: 8,
};

export const hello: HelloMessage = {
  kind: 'hello',
  version: protocolVersion,
  model: 'm',
  fingerprint: 'f',
  tokenizerHash: 'ab'.repeat(32),
  vocabularySize: 49152,
  contextLength: 2048,
  timing: { stepMs: [57.7, 57.7, 57.7, 57.7, 61.125, 61.125, 61.125, 61.125], edgeDraftMs: null },
};

export function bothEnds(): { device: DeviceCodec; edge: EdgeCodec } {
  const ends = { device: new DeviceCodec(), edge: new EdgeCodec() };
  ends.edge.decode(ends.device.encode(open));
  return ends;
}
