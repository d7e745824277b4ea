// The connections of docs/internals/protocol.md, frame by frame: each end decodes what the other encodes, and the bytes are those of the page.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { hello, open, resume } from './codec.fixture.ts';
import { DeviceCodec, EdgeCodec } from './codec.ts';
import type { DeviceMessage, EdgeMessage } from './messages.ts';

type Line = { readonly up: DeviceMessage } | { readonly down: EdgeMessage };

const account = { steps: 2, draftRows: 1, acceptedRows: 1, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
const longAccount = { steps: 4, draftRows: 3, acceptedRows: 2, edgeDraftRows: 1, acceptedEdgeDraftRows: 0 };
const noAccount = { steps: 0, draftRows: 0, acceptedRows: 0, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 };
const otherTiming = { stepMs: [10, 11, 12, 13, 14, 15, 16, 17], edgeDraftMs: 2.5 };
const quarter = { logprob: -0.25, top: [{ id: 10, logprob: -0.25 }] };
const rare = { logprob: -2.5, top: [{ id: 300, logprob: -0.5 }] };
const unlikely = { logprob: -8, top: [...quarter.top, { id: 11, logprob: -3 }] };
const likeliest = {
  logprob: -0.25,
  top: [
    { id: 20000, logprob: -0.25 },
    { id: 7, logprob: -2 },
  ],
};
const anyObject = { kind: 'json-schema', text: '{"type":"object"}' } as const;
const drafts = Array.from({ length: 64 }, (_, index) => index + 1);

/** The frames of connections, in order: the examples in docs/internals/protocol.md, by their headings. */
const scripts: Readonly<Record<string, readonly Line[]>> = {
  'A connection': [
    { down: hello },
    { up: open },
    { up: { kind: 'draft', branch: 1, first: 4, tokens: [10] } },
    { up: { kind: 'draft', branch: 1, first: 5, tokens: [11, 3000] } },
    { down: { kind: 'commit', first: 4, branch: 0, accepted: 0, tokens: [10] } },
    { down: { kind: 'commit', first: 5, branch: 1, accepted: 1, tokens: [12] } },
    { up: { kind: 'draft', branch: 2, first: 7, tokens: [13] } },
    { down: { kind: 'commit', first: 7, branch: 2, accepted: 1, tokens: [] } },
    { down: { kind: 'commit', first: 8, branch: 0, accepted: 0, tokens: [14, 15, 16] } },
    { up: { kind: 'ack', length: 11 } },
    { up: { kind: 'verify', length: 11 } },
    { up: { kind: 'ping', stamp: 200 } },
    { down: { kind: 'pong', stamp: 200 } },
    { down: { kind: 'end', reason: 'length', length: 11, account: longAccount } },
    { up: { kind: 'bye' } },
  ],
  'A resumed connection': [
    { down: { ...hello, model: 'größer', fingerprint: '0f', timing: otherTiming } },
    { up: resume },
    { down: { kind: 'queued', ahead: 3 } },
    { down: { kind: 'commit', first: 8, branch: 0, accepted: 0, tokens: [14, 15] } },
    { up: { kind: 'draft', branch: 1, first: 10, tokens: drafts } },
    { up: { kind: 'draft', branch: 1, first: 74, tokens: new Array(64).fill(7) } },
    { down: { kind: 'commit', first: 10, branch: 1, accepted: 40, tokens: [300] } },
    { up: { kind: 'draft', branch: 2, first: 9, tokens: [15, 1] } },
    { up: { kind: 'draft', branch: 3, first: 51, tokens: [20, 21, 22, 23, 24, 25] } },
    { down: { kind: 'commit', first: 51, branch: 3, accepted: 1, tokens: [] } },
    { down: { kind: 'commit', first: 52, branch: 3, accepted: 2, tokens: [] } },
    { down: { kind: 'commit', first: 54, branch: 3, accepted: 1, tokens: [77] } },
    { up: { kind: 'draft', branch: 4, first: 56, tokens: [30, 31, 32] } },
    { down: { kind: 'commit', first: 56, branch: 4, accepted: 2, tokens: [78] } },
    { up: { kind: 'draft', branch: 5, first: 59, tokens: [40, 41] } },
    { down: { kind: 'commit', first: 59, branch: 5, accepted: 2, tokens: [] } },
    { down: { kind: 'leaving' } },
    { down: { kind: 'ping', stamp: 0 } },
    { up: { kind: 'pong', stamp: 0 } },
    { down: { kind: 'refused', code: 'internal', cause: 'a cause', remedy: 'a remedy' } },
  ],
  'A padded connection': [
    { up: { ...resume, credentials: '', padding: 16, attempt: 3 } },
    { down: { kind: 'gone' } },
    { up: { ...open, padding: 16, attempt: 4 } },
    { down: { kind: 'commit', first: 4, branch: 0, accepted: 0, tokens: [10] } },
    { up: { kind: 'draft', branch: 1, first: 5, tokens: [12] } },
    { down: { kind: 'commit', first: 5, branch: 1, accepted: 1, tokens: [] } },
    { up: { kind: 'bye' } },
  ],
  'A connection with alternatives': [
    { up: { ...resume, credentials: '', attempt: 5 } },
    { up: { kind: 'draft', branch: 1, first: 8, tokens: [10, 11, 12] } },
    { up: { kind: 'alternative', branch: 2, base: 1, first: 9, tokens: [20, 300] } },
    { up: { kind: 'alternative', branch: 2, base: 1, first: 11, tokens: [22] } },
    { up: { kind: 'alternative', branch: 3, base: 1, first: 10, tokens: [30, 31] } },
    { up: { kind: 'alternative', branch: 2, base: 1, first: 12, tokens: [23] } },
    { down: { kind: 'commit', first: 8, branch: 2, accepted: 3, tokens: [] } },
    { up: { kind: 'draft', branch: 2, first: 13, tokens: [24] } },
    { up: { kind: 'draft', branch: 2, first: 14, tokens: [25] } },
    { up: { kind: 'alternative', branch: 4, base: 2, first: 14, tokens: [50, 51] } },
    { down: { kind: 'commit', first: 11, branch: 2, accepted: 3, tokens: [26] } },
    { up: { kind: 'draft', branch: 5, first: 15, tokens: [60] } },
  ],
  'An answer with a grammar and logprobs': [
    { up: { ...open, namespace: 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', grammar: anyObject, topLogprobs: 1 } },
    { down: { kind: 'held', tokens: 2 } },
    { up: { kind: 'draft', branch: 1, first: 4, tokens: [10] } },
    { down: { kind: 'commit', first: 4, branch: 1, accepted: 1, tokens: [12], logprobs: [quarter, rare] } },
    { down: { kind: 'commit', first: 6, branch: 0, accepted: 0, tokens: [10], logprobs: [quarter] } },
    { down: { kind: 'end', reason: 'end-token', length: 7, account } },
  ],
  'A prompt alone': [
    { up: { ...open, stopStrings: [], maxAnswerTokens: 0, promptLogprobs: 2, answer: [] } },
    { down: { kind: 'held', tokens: 0 } },
    { down: { kind: 'prompt-scored', first: 1, logprobs: [unlikely] } },
    { down: { kind: 'prompt-scored', first: 2, logprobs: [likeliest] } },
    { down: { kind: 'end', reason: 'length', length: 3, account: noAccount } },
  ],
};

it.each(Object.entries(scripts))('carries every message in the bytes of the page: %s', (heading, script) => {
  const page = readFileSync(new URL('../../../../docs/internals/protocol.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split(`\n### ${heading}\n`);
  const [table = ''] = section.split(/\n##+ /);
  const shown = [...table.matchAll(/^ {4}([<>][0-9a-f]+) /gm)].map(([, cell]) => cell);
  const [device, edge] = [new DeviceCodec(), new EdgeCodec()];
  const frames = script.map((line) => {
    const bytes = 'up' in line ? device.encode(line.up) : edge.encode(line.down);
    if ('up' in line) expect(edge.decode(bytes)).toEqual(line.up);
    else expect(device.decode(bytes)).toEqual(line.down);
    return `${'up' in line ? '>' : '<'}${Buffer.from(bytes).toString('hex')}`;
  });
  expect(shown).toEqual(frames);
});
