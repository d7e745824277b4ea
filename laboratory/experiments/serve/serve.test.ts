import { describe, expect, it } from 'vitest';
import { type AgentTurn, sharedLength } from './agent.ts';
import { type AgentSaid, agentBody, agentTurns, messagesOf } from './agent-task.ts';
import { type BesideRun, figuresOf } from './beside.ts';
import { type LatencyFound, latencyRows, type Way, type WayText } from './latency.ts';
import { serveExperiment } from './serve.ts';

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
      { latency, overhead: null, crowd: null, agent: [], beside: [] },
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
  });

  it('fails with a text that is not that of the edge alone', () => {
    const wrong = [...latency.slice(0, 3), found('device', 60, 45, 'wrong')];
    expect(latencyRows(wrong).map(({ textsWrong }) => textsWrong)).toEqual([0, 0, 0, 3]);
    expect(
      serveExperiment.conclude({ latency: wrong, overhead: null, crowd: null, agent: [], beside: [] }, options).passed,
    ).toBe(false);
  });

  it('compares what an agent has evaluated with what was new, without its first turn', () => {
    const turn = (promptTokens: number, newTokens: number, firstTokenMs: number, isEqual = true): AgentTurn => ({
      promptTokens,
      newTokens,
      firstTokenMs,
      isEqual,
      otherwiseTokens: 3,
      evaluatedTokens: newTokens + 5,
      cachedTokens: promptTokens - newTokens,
      answerTokens: 30,
      coldFirstTokenMs: 900,
      coldCachedTokens: 0,
    });
    const agent = [[turn(600, 600, 500), turn(700, 50, 90), turn(800, 50, 100)]];
    const found = { latency: [], overhead: null, crowd: null, beside: [] };
    const { summary, passed } = serveExperiment.conclude({ ...found, agent }, options);
    expect(summary).toMatchObject({
      agentEvaluatedOverNew: 1.1,
      agentFirstTokenTurn6OverTurn1: 0.2,
      agentTokensOtherwise: 6,
    });
    expect(passed).toBe(true);
    const wrong = [[turn(600, 600, 500), turn(700, 50, 90, false)]];
    expect(serveExperiment.conclude({ ...found, agent: wrong }, options)).toMatchObject({
      passed: false,
      summary: { textsWrong: 1 },
    });
  });
});

describe('the turns of an agent', () => {
  const bytes = (id: number): Uint8Array => Uint8Array.of(id);
  const before = { prompt: [1, 2, 3], answer: [4, 5].map(bytes) };

  it.each([
    [[1, 2, 3, 4, 5, 6], 5],
    [[1, 2, 3, 4, 9, 6], 4],
    [[1, 2, 9, 4, 5], 2],
    [[1, 2], 2],
    [[9], 0],
  ])('share with %j the text before as far as it is the same', (prompt, shared) => {
    expect(sharedLength(prompt, before, { bytes })).toBe(shared);
  });

  it('begin with all that was said before', () => {
    const call = { id: 'call_1', name: 'read_file', arguments: '{"path": "README.md"}' };
    const said: AgentSaid[] = [
      { content: '', call },
      { content: 'Done.', call: null },
    ];
    const bodies = [0, 1, 2].map((turn) => agentBody('m', said.slice(0, turn)));
    const texts = bodies.map((body) => messagesOf(body));
    expect(texts[2]?.slice(0, 4)).toEqual(texts[1]);
    expect(texts[1]?.slice(0, 2)).toEqual(texts[0]);
    expect(texts[1]?.[2]?.content).toContain('"name": "read_file"');
    expect(agentTurns).toBe(6);
  });

  it('takes the worst of all prompts beside readers, and a fair share by the number of keys', () => {
    const one = (readers: number, promptMs: number, msPerToken: number): BesideRun => {
      const alone = { promptAloneMs: 1000, msPerTokenAlone: 10, firstTokenMsAlone: 20, firstTokenMs: 30 };
      return { readers, promptTokens: 500, promptMs, msPerToken, ...alone };
    };
    const beside = [one(1, 2200, 19), one(1, 2400, 20), one(1, 2300, 40), one(4, 6000, 15)];
    const { rows, summary } = serveExperiment.conclude(
      { latency: [], overhead: null, crowd: null, agent: [], beside },
      options,
    );
    expect(rows).toMatchObject([{ runs: 3, promptOverFairShare: 1.15 }, { promptOverFairShare: 1.2 }]);
    expect(summary).toMatchObject({
      promptBesideReadersWorst: 2,
      promptBesideFirstTokenWorst: 1.5,
      promptOverFairShare: 1.2,
    });
  });

  it('counts the pauses that end within a time, and turns that begin and write in it', () => {
    const turns = [
      { askedMs: 0, piecesMs: [50, 60, 70] },
      { askedMs: 75, piecesMs: [105, 125] },
      { askedMs: 130, piecesMs: [230] },
    ];
    expect(figuresOf(turns, 65, 200)).toEqual({ msPerToken: 15, firstTokenMs: 30 });
  });
});
