import { describe, expect, it } from 'vitest';
import { type LatencyFound, latencyRows, type Way, type WayText } from './latency.ts';
import { serveExperiment, servePage } from './serve.ts';

const paced = { overranShare: 0, voidRuns: 0 };

function found(way: Way, roundTripMs: number, msPerToken: number, text = 'right'): LatencyFound {
  const one: WayText = {
    text,
    tokens: 64,
    firstTextMs: 100 + roundTripMs,
    decodedTokens: 60,
    decodeMs: 60 * msPerToken,
  };
  return {
    way,
    roundTripMs,
    runs: [1, 1.1, 1].map((factor) => ({ texts: [{ ...one, decodeMs: one.decodeMs * factor }], ...paced })),
  };
}

const latency = [found('ar', 10, 60), found('device', 10, 30), found('ar', 60, 60), found('device', 60, 45)];
const options = { part: 'all', roundTripsMs: [10, 60] } as unknown as Parameters<typeof serveExperiment.conclude>[1];

describe('bench serve', () => {
  it('compares each way to ask with the edge at the same round trip', () => {
    const { rows, summary, passed } = serveExperiment.conclude(
      { latency, overhead: null, crowd: null, agent: [] },
      options,
    );
    expect(summary).toMatchObject({
      deviceOverEdgeRtt10: 0.5,
      deviceOverEdgeRtt60: 0.75,
      textsWrong: 0,
      clients: null,
    });
    expect(rows[0]).toMatchObject({ way: 'ar', msPerToken: 60, overAr: 1, firstTextMs: 110 });
    expect(passed).toBe(true);
    const page = servePage({ rows } as unknown as Parameters<typeof servePage>[0]);
    expect(page).toContain(
      '| 10 | the device in front of the edge | 30.0 | 30.0 | 33.0 | 0.500 | 110 | 3 | 0 | 0.0 % | 0 |',
    );
  });

  it('fails with a text that is not that of the edge alone', () => {
    const wrong = [...latency.slice(0, 3), found('device', 60, 45, 'wrong')];
    expect(latencyRows(wrong).map(({ textsWrong }) => textsWrong)).toEqual([0, 0, 0, 3]);
    expect(serveExperiment.conclude({ latency: wrong, overhead: null, crowd: null, agent: [] }, options).passed).toBe(
      false,
    );
  });
});
