import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../laboratory/run.ts';
import { createToyModel } from '../../models/toy.ts';
import { makeEdgeCase, runEdgeCase } from './attack-edge.ts';
import { framesTrial } from './frames.ts';
import { listenRaw } from './raw-websocket.ts';
import { compose, honestCases, toySeed } from './recorded-traffic.ts';

const { tokenizer, identity } = createToyModel({ seed: toySeed, role: 'target' });
const recordings = compose(3, await honestCases(), tokenizer, identity);

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
