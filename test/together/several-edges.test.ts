// A device that knows several edges: an answer goes on at another one, and its text stays the target's own.

import { afterEach, describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { edgeKey } from '../../src/core/protocol/edge/edge-key.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createInMemoryNetwork, type InMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { createDevice } from '../../src/processes/device/device.ts';
import { createEdgeList, type TurnEdge } from '../../src/processes/device/edge-list.ts';
import { startTurn, type Turn } from '../../src/processes/device/turn.ts';
import type { TurnOptions } from '../../src/processes/device/turn-options.ts';
import type { TurnReport } from '../../src/processes/device/turn-report.ts';
import { startToyEdge, type ToyEdge, toyDrafter, toyReference, toyTurn } from './toy-edge.ts';

const length = 60;
const reference = await toyReference(neutralSampling, length);
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

interface Site {
  readonly toy: ToyEdge;
  readonly network: InMemoryNetwork;
}

/** An edge behind a network of its own, which a test can cut. */
async function site(options: Parameters<typeof startToyEdge>[0] = {}): Promise<Site> {
  const toy = await startToyEdge(options);
  open.push(toy);
  return { toy, network: createInMemoryNetwork(toy.edge.accept) };
}

function listed(sites: Readonly<Record<string, Site>>): TurnEdge[] {
  return Object.entries(sites).map(([name, { network }]) => ({ name, connect: network.connect }));
}

function ask(sites: Readonly<Record<string, Site>>, options: Partial<TurnOptions> = {}): Turn {
  const [first] = Object.values(sites);
  return startTurn(toyTurn((first as Site).toy, { connect: listed(sites), maxAnswerTokens: length, ...options }));
}

/** Does something once the reader has so many tokens. */
async function readTo(turn: Turn, count: number, act: () => void): Promise<TurnReport> {
  let seen = 0;
  let hasActed = false;
  for await (const { tokens } of turn) {
    seen += tokens.length;
    if (hasActed || seen < count) continue;
    hasActed = true;
    act();
  }
  return turn.report;
}

const servers = ({ servedBy }: TurnReport): string[] => servedBy.map(({ edge }) => edge);

describe('an answer with several edges', () => {
  it('is written by the first one, and the others hear nothing', async () => {
    const [a, b] = [await site(), await site()];
    const report = await ask({ a, b }).report;
    expect([report.tokens, servers(report)]).toEqual([reference, ['a']]);
    expect(report.servedBy[0]?.reason).toBe('it is the first of the list');
    expect(b.toy.edge.status.counts.connectionsOpened).toBe(0);
  });

  it('begins at the next one where the first does not answer', async () => {
    const [a, b] = [await site(), await site()];
    a.network.close();
    const report = await ask({ a, b }).report;
    expect([report.tokens, servers(report)]).toEqual([reference, ['b']]);
    expect(report.servedBy[0]?.reason).toBe('a has failed, and it is the next of the list');
  });

  it('fails where none answers, with the words of the last one', async () => {
    const [a, b] = [await site(), await site()];
    a.network.close();
    b.network.close();
    const { outcome } = await ask({ a, b }).report;
    expect(outcome).toMatchObject({ kind: 'failed', code: 'edge-unreachable' });
  });

  it('goes on at the next one when its edge is gone', async () => {
    const [a, b] = [await site(), await site()];
    const report = await readTo(ask({ a, b }), 20, () => a.network.close());
    expect([report.tokens, servers(report)]).toEqual([reference, ['a', 'b']]);
    expect(report.fingerprints).toHaveLength(1);
  });

  it('stays where it is when a connection is lost and comes back', async () => {
    const [a, b] = [await site(), await site()];
    const report = await readTo(ask({ a, b }), 20, () => a.network.cut());
    expect([report.tokens, servers(report)]).toEqual([reference, ['a']]);
    expect(report.connections).toBe(2);
  });

  it('moves by order, without a pause, and the old edge forgets the session', async () => {
    const [a, b] = [await site(), await site()];
    const turn = ask({ a, b });
    const report = await readTo(turn, 20, () => turn.moveTo('b'));
    expect([report.tokens, servers(report)]).toEqual([reference, ['a', 'b']]);
    expect(report.servedBy[1]?.reason).toBe('the edge before it leaves, or a move was ordered');
    await expect.poll(() => a.toy.edge.status.sessions).toBe(0);
    expect(() => turn.moveTo('c')).toThrow('this turn has no edge c');
  });

  it('stays where it is when the edge that it was to move to does not answer or refuses', async () => {
    const [a, b, c] = [await site(), await site(), await site({ keyOf: () => null })];
    b.network.close();
    const turn = ask({ a, b, c });
    const report = await readTo(turn, 20, () => {
      turn.moveTo('b');
      turn.moveTo('c');
    });
    expect([report.tokens, servers(report)]).toEqual([reference, ['a']]);
  });

  it('leaves an edge that is going down before it closes', async () => {
    const [a, b] = [await site(), await site()];
    let drained: Promise<void> | null = null;
    const report = await readTo(ask({ a, b }), 20, () => {
      drained = a.toy.edge.drain(60_000);
    });
    await drained;
    expect([report.tokens, servers(report)]).toEqual([reference, ['a', 'b']]);
    expect(a.toy.edge.status.state).toBe('closed');
  });

  it('passes by an edge that refuses, each with its own key', async () => {
    const keyOf = (wanted: string) => (shown: string) => (shown === wanted ? edgeKey(shown, { name: shown }) : null);
    const [a, b] = [await site({ keyOf: keyOf('of a') }), await site({ keyOf: keyOf('of b') })];
    const [first, second] = listed({ a, b }) as [TurnEdge, TurnEdge];
    const keyed = (keyA: string): TurnOptions => ({
      ...toyTurn(a.toy, { maxAnswerTokens: length }),
      connect: [{ ...first, credentials: keyA }, second],
      credentials: 'of b',
    });
    expect(servers(await startTurn(keyed('of a')).report)).toEqual(['a']);
    const report = await startTurn(keyed('wrong')).report;
    expect([report.tokens, servers(report).at(-1)]).toEqual([reference, 'b']);
    const refused = await startTurn({ ...keyed('wrong'), credentials: 'wrong as well' }).report;
    expect(refused.outcome).toMatchObject({ kind: 'failed', code: 'unauthorized' });
  });

  it('waits for the next key where keys are renewed, and for a place where one edge has none', async () => {
    let [known, shown] = ['one', 'one'];
    const a = await site({ keyOf: (key) => (key === known ? edgeKey('of the device') : null) });
    const b = await site({ keyOf: () => null });
    const [first, second] = listed({ a, b }) as [TurnEdge, TurnEdge];
    const renewed: TurnEdge = {
      ...first,
      get credentials() {
        return shown;
      },
    };
    const begin = (renewsCredentials: boolean): Turn => {
      [known, shown] = ['one', 'one'];
      const connect = { ...createEdgeList([renewed, second]), renewsCredentials };
      return startTurn(toyTurn(a.toy, { connect, maxAnswerTokens: length, credentials: 'none' }));
    };
    const lose = (): void => {
      known = 'two';
      a.network.cut();
      setTimeout(() => {
        shown = 'two';
      }, 300);
    };
    const report = await readTo(begin(true), 20, lose);
    expect([report.tokens, report.outcome.kind]).toEqual([reference, 'ended']);
    const fixed = begin(false);
    const refused = await readTo(fixed, 20, lose).catch(() => fixed.report);
    expect(refused.outcome).toMatchObject({ kind: 'failed', code: 'unauthorized' });
    expect(refused.tokens).toEqual(reference.slice(0, refused.tokens.length));
  });

  it('leaves an edge that keeps its connection and writes nothing', async () => {
    const b = await site();
    const silent = createInMemoryNetwork(() => ({ frame: () => {}, writable: () => {}, closed: () => {} }));
    const connect = [{ name: 'a', connect: silent.connect }, ...listed({ b })];
    const report = await startTurn(toyTurn(b.toy, { connect, maxAnswerTokens: length, firstTokenWithinMs: 600 }))
      .report;
    expect([report.tokens, servers(report).at(-1)]).toEqual([reference, 'b']);
  });

  it('is not continued by another target, unless that is allowed', async () => {
    const a = await site();
    const other = createToyModel({ seed: 12, role: 'target', sequences: 8, contextLength: 1024 });
    const b = await site({ model: other });
    const failed = ask({ a, b }, { giveUpAfterMs: 500 });
    const { outcome, tokens } = await readTo(failed, 20, () => a.network.close()).catch(() => failed.report);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'target-changed' });
    expect(tokens).toEqual(reference.slice(0, tokens.length));
    const again = await site();
    const allowed = await readTo(ask({ again, b }, { allowsOtherTarget: true }), 20, () => again.network.close());
    expect(allowed.outcome.kind).toBe('ended');
    expect(allowed.fingerprints).toHaveLength(2);
  });
});

describe('a device with several edges', () => {
  it('remembers between answers which one has failed', async () => {
    const [a, b] = [await site(), await site()];
    const device = createDevice({
      edge: [{ edge: a.network.connect, name: 'a' }, b.network.connect],
      tokenizer: a.toy.target.tokenizer,
      drafter: toyDrafter(0.8),
    });
    a.network.close();
    const options = { connect: device.edges, maxAnswerTokens: 10 };
    expect(servers(await startTurn(toyTurn(a.toy, options)).report)).toEqual(['edge 2']);
    expect(servers(await startTurn(toyTurn(a.toy, options)).report)).toEqual(['edge 2']);
    expect(device.edges.routes.first(0)).toBe('edge 2');
  });

  it('refuses lists that make no sense', () => {
    const { tokenizer } = createToyModel({ seed: 1, role: 'target' });
    const device = (edge: never) => () => createDevice({ edge, tokenizer, drafter: null });
    expect(device([] as never)).toThrow('the list of edges is empty');
    expect(device(['ws://a', 'ws://a'] as never)).toThrow('the same name or address');
    expect(device([{ edge: 7 }] as never)).toThrow('edge[0].edge is 7');
    expect(device([{ edge: 'ws://a', fingerprint: 'ab' }] as never)).toThrow('edge[0].fingerprint is "ab"');
    expect(() => createEdgeList([])).toThrow('the list of edges is empty');
  });
});
