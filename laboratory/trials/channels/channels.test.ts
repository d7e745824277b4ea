// The trial holds with the real channel, and finds channels that are wrong in one thing each.

import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { townMap } from '../../../simulator/world/radio-map.fixture.ts';
import { createTr38901Channel } from '../../../simulator/world/tr38901-channel.ts';
import { channelsTrial } from './channels.ts';
import type { CreateChannel } from './fields.ts';
import { compare, mapLimitDb, mapRows } from './map.ts';

/** Few worlds are noisy: the tests find errors far beyond their noise. */
const few = { worlds: 3, seed: 1, mapFolder: '/nowhere' };

/** The channel with its gains, or the places that it reads, changed. */
function altered(change: (gain: Float64Array) => void, stretch = 1): CreateChannel {
  return (settings, seed) => {
    const servers = settings.servers.map((server) => ({ ...server, x: server.x * stretch, y: server.y * stretch }));
    const channel = createTr38901Channel({ ...settings, servers }, seed);
    return {
      ...channel,
      updateGains(x, y, timeMs, gain) {
        channel.updateGains(
          x.map((value) => value * stretch),
          y.map((value) => value * stretch),
          timeMs,
          gain,
        );
        change(gain);
      },
    };
  };
}

describe('trialChannels', () => {
  it('agrees with the vectors, and counts them', async () => {
    const { summary, rows } = await runExperiment(channelsTrial, few);
    expect(summary['vectors']).toBe(686);
    expect(summary['worstErrorDb']).toBeLessThan(1e-9);
    expect(summary['mapMedianErrorDb']).toBe('no map');
    expect(summary['correlationError']).toBeLessThan(0.15);
    expect(new Set(rows.map((row) => Object.keys(row).join())).size).toBe(1);
  });

  it('finds shadow fading without correlation', async () => {
    let turn = 0;
    const jumping = altered((gain) => {
      for (let link = 0; link < gain.length; link++) gain[link] = (gain[link] as number) * (turn++ % 3 === 0 ? 2 : 0.7);
    });
    const { passed, rows } = await runExperiment(channelsTrial, { ...few, create: jumping });
    expect(passed).toBe(false);
    const nearest = rows.find(({ case: name }) => name === 'LOS shadow fading, correlation');
    expect(nearest?.error).toBeGreaterThan(0.1);
  });

  it('finds fields and losses of another scale', async () => {
    const { rows } = await runExperiment(channelsTrial, { ...few, create: altered(() => {}, 2) });
    const share = rows.find(({ case: name, distanceMetres }) => name === 'LOS share' && distanceMetres === 50);
    expect(share?.error).toBeGreaterThan(0.1);
  });
});

describe('compare', () => {
  const map = townMap();
  const mapSha256 = map.header.bodySha256;

  it('measures what differs, what is dark on one side only, and the bias', () => {
    const points = [
      { x: -37.5, y: -2.5, gainDb: [-70, -91] },
      { x: -37.5, y: -27.5, gainDb: [-75, null] },
      { x: -37.5, y: -2.5, gainDb: [null, -92] },
    ];
    const errors = compare('town', map, { mapSha256, points });
    expect(errors.errorsDb.map((error) => Math.round(error))).toEqual([0, 1, 5, 2]);
    expect(errors.lonelyCount).toBe(1);
    expect(errors.biasDb).toBeCloseTo(1.5, 3);
    expect(mapRows([errors])[0]).toMatchObject({ samples: 4, limit: mapLimitDb });
  });

  it('refuses the paths of another map', () => {
    expect(() => compare('town', map, { mapSha256: 'f', points: [] })).toThrow('belongs to another map');
    const points = [{ x: 0, y: 0, gainDb: [-70] }];
    expect(() => compare('town', map, { mapSha256, points })).toThrow('belongs to another map');
  });
});
