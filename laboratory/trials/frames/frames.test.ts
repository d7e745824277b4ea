import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { EdgeCodec } from '../../../src/core/protocol/wire/codec.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { startToyEdge } from '../../../test/together/toy-edge.ts';
import type { ToyTask } from '../../readers/toy-reader.ts';
import { listenRaw } from '../hostile/raw-peer.ts';
import { makeEdgeCase, runEdgeCase } from './attack-edge.ts';
import { framesTrial } from './frames.ts';
import { compose, honestTasks, toySeed, writeHonestly } from './recorded-traffic.ts';

const { tokenizer, identity } = createToyModel({ seed: toySeed, role: 'target' });
const recordings = compose(3, await honestTasks(), tokenizer, identity);

describe('trial frames', () => {
  it('runs a single case again', async () => {
    const { passed, rows } = await runExperiment(framesTrial, {
      count: 1500,
      seed: 2,
      only: { side: 'device', number: 3 },
    });
    expect(passed).toBe(true);
    expect(rows).toMatchObject([{ frames: 0 }, { side: 'device' }, { frames: 0 }]);
  });
});

describe('recorded traffic', () => {
  it('has every frame of drafts and alternatives, as an honest device sends them', () => {
    const codec = new EdgeCodec();
    const hedged = recordings.find(({ up }) => up.some(([head]) => head === 0x11));
    const kinds = new Set(hedged?.up.map((bytes) => codec.decode(bytes).kind));
    expect([...kinds].sort()).toEqual(['ack', 'alternative', 'bye', 'draft', 'open', 'ping']);
    const heads = new Set(recordings.flatMap(({ up }) => up.map(([head]) => head)));
    for (const head of [0x10, 0x11, 0x12, 0x21, 0x81, 0xc1]) expect(heads).toContain(head);
  });
});

describe('an honest device beside the attack', () => {
  it('sends alternatives', async () => {
    const kinds = new Set<string>();
    await using edge = await startToyEdge();
    const [asked] = (await honestTasks()).slice(-1);
    const { report } = await writeHonestly(connectWebSocket(edge.url), asked as ToyTask, {
      onStep({ effects }) {
        for (const effect of effects) if (effect.kind === 'send') kinds.add(effect.message.kind);
      },
    });
    expect(report.tokens).toEqual(asked?.reference);
    expect(kinds).toContain('alternative');
  });
});

describe('a case', () => {
  it('is the same for the same seed and number', () => {
    for (let number = 1; number < 50; number += 1) {
      expect(makeEdgeCase(3, number, recordings)).toEqual(makeEdgeCase(3, number, recordings));
    }
    expect(makeEdgeCase(3, 1, recordings)).not.toEqual(makeEdgeCase(4, 1, recordings));
  });

  it('is of every sort within a few hundred', () => {
    const cases = Array.from({ length: 400 }, (_, index) => makeEdgeCase(3, index + 1, recordings));
    const mustClose = cases.filter((attack) => attack.mustClose).length;
    expect(mustClose).toBeGreaterThan(100);
    expect(mustClose).toBeLessThan(300);
    const broken = cases.flatMap(({ shots }) => shots).filter(({ isBroken }) => isBroken);
    expect(broken.length).toBeGreaterThan(10);
    expect(new Set(cases.map(({ parting }) => parting)).size).toBe(3);
    expect(cases.some(({ pauseMs }) => pauseMs > 0)).toBe(true);
  });

  it('tells an edge that says nothing, and one that takes what is malformed', async () => {
    const mute = await listenRaw(() => {});
    const cases = Array.from({ length: 60 }, (_, index) => makeEdgeCase(3, index + 1, recordings));
    const patient = cases.filter(({ parting }) => parting !== 'rude-at-once');
    const [good, bad] = [patient.find(({ mustClose }) => !mustClose), patient.find(({ mustClose }) => mustClose)];
    if (good === undefined || bad === undefined) throw new Error('no such case');
    expect(await runEdgeCase(mute.port, 1, good, 50)).toMatch(/no answer/);
    expect(await runEdgeCase(mute.port, 1, bad, 50)).toMatch(/malformed/);
    mute.close();
  });
});
