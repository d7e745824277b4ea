// A device whose edge lies only loses time: it closes the connection, tries again for a while, and gives up with its text.

import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { EdgeCodec } from '../../src/core/protocol/wire/codec.ts';
import { type DeviceMessage, type EdgeMessage, protocolVersion } from '../../src/core/protocol/wire/messages.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createInMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import type { TurnReport } from '../../src/processes/device/turn-report.ts';
import { toyPrompt, toyReference, toySeed } from './toy-edge.ts';

const { tokenizer, identity } = createToyModel({ seed: toySeed, role: 'target' });
const hello: EdgeMessage = {
  kind: 'hello',
  version: protocolVersion,
  model: identity.name,
  fingerprint: identity.fingerprint,
  tokenizerHash: tokenizer.hash,
  vocabularySize: tokenizer.vocabularySize,
  contextLength: 4096,
  timing: { stepMs: null, edgeDraftMs: null },
};
const reference = await toyReference(neutralSampling, 30);
const length = toyPrompt.length;

interface Attacked {
  readonly report: TurnReport;
  readonly connections: number;
  /** Messages of the device on the longest connection. */
  readonly said: readonly DeviceMessage[];
}

/** A turn with an edge that sends `lies` on every connection, after two honest tokens on the first. */
async function attack(lies: readonly EdgeMessage[], greets = true): Promise<Attacked> {
  let connections = 0;
  let said: DeviceMessage[] = [];
  const network = createInMemoryNetwork((connection) => {
    connections += 1;
    const isFirst = connections === 1;
    const codec = new EdgeCodec();
    const heard: DeviceMessage[] = [];
    const say = (message: EdgeMessage): void => connection.send(codec.encode(message));
    if (greets) say(hello);
    return {
      frame: (bytes) => {
        heard.push(codec.decode(bytes));
        if (heard.length > said.length) said = heard;
        if (heard.length > 1) return;
        if (isFirst) say({ kind: 'commit', first: length, branch: 0, accepted: 0, tokens: reference.slice(0, 2) });
        for (const lie of lies) say(lie);
        if (lies.length === 0) connection.close('protocol-error', 'for no reason');
      },
      writable: () => {},
      closed: () => {},
    };
  });
  const turn = startTurn({
    connect: network.connect,
    tokenizer,
    drafter: null,
    prompt: toyPrompt,
    maxAnswerTokens: 30,
    giveUpAfterMs: 150,
    firstTokenWithinMs: Number.POSITIVE_INFINITY,
    nextTokenWithinMs: 100,
  });
  const report = await turn.report;
  network.close();
  return { report, connections, said };
}

const lies: Readonly<Record<string, EdgeMessage>> = {
  'a commit before the text': { kind: 'commit', first: -3, branch: 0, accepted: 0, tokens: [9, 9] },
  'an id beyond the vocabulary': { kind: 'commit', first: length + 2, branch: 0, accepted: 0, tokens: [49_152] },
  'more tokens than were asked for': {
    kind: 'commit',
    first: length + 2,
    branch: 0,
    accepted: 0,
    tokens: Array.from({ length: 29 }, () => 9),
  },
  'a second greeting': { ...hello, fingerprint: 'another' },
  'drafts that were never sent': { kind: 'commit', first: length + 2, branch: 1, accepted: 4, tokens: [] },
};

describe('a device whose edge lies', () => {
  it.each(Object.keys(lies))('drops the connection and keeps its text: %s', async (name) => {
    const { report, connections } = await attack([lies[name] as EdgeMessage]);
    expect(report.outcome).toMatchObject({ kind: 'failed', code: 'edge-unreachable' });
    expect(report.tokens).toEqual(reference.slice(0, 2));
    expect(report.fingerprints).toEqual([identity.fingerprint]);
    expect(connections).toBeGreaterThan(1);
  });

  it('gives up if the edge closes each connection after hello', async () => {
    const { report, connections } = await attack([]);
    expect(report.outcome).toMatchObject({ kind: 'failed', code: 'edge-unreachable' });
    expect(connections).toBeGreaterThan(1);
  });

  it('connects again once, then fails, if the edge only pings after its first tokens', async () => {
    const { report, connections, said } = await attack([{ kind: 'ping', stamp: 1 }]);
    expect(report.outcome).toMatchObject({ kind: 'failed', code: 'edge-silent' });
    expect(report.tokens).toEqual(reference.slice(0, 2));
    expect(connections).toBe(2);
    expect(said.map(({ kind }) => kind)).toContain('pong');
  });

  it('opens a session that is gone again once, not repeatedly', async () => {
    const { said } = await attack([{ kind: 'gone' }, { kind: 'gone' }, { kind: 'gone' }]);
    expect(said.filter(({ kind }) => kind === 'open' || kind === 'resume').length).toBeLessThanOrEqual(2);
  });

  it('accepts no message before hello', async () => {
    const commit = { kind: 'commit', first: length, branch: 0, accepted: 0, tokens: [1] } as const;
    expect((await attack([commit], false)).report.tokens).toEqual([]);
  });
});
