import { describe, expect, it } from 'vitest';
import type { BenchMode } from './metrics.ts';
import { kindOf, plainRatios } from './plain-ratios.ts';
import type { WallRun, WallText } from './wall-runs.ts';

function text(prompt: string, msPerToken: number): WallText {
  const counts = { drafted: 22, steps: 5, rows: 15, edgeDrafted: 0, accepted: 6, payloadBytes: 66, openingBytes: 11 };
  const times = { tokens: 11, decodeMs: 10 * msPerToken, decodedTokens: 10, timeToFirstTokenMs: 70, wireBytes: 946 };
  return { prompt, isIdentical: true, acceptance: prompt.startsWith('humaneval') ? 1 : 0.5, ...counts, ...times };
}

/** A text of code and one of prose. */
function run(mode: BenchMode, [codeMs, proseMs]: readonly [number, number], overranSteps = 0): WallRun {
  const texts = [text('humaneval/0', codeMs), text('spec-bench/91', proseMs)];
  const window = { machine: 'stream', windowsInFlight: 1, gamma: 0 } as const;
  return { mode, roundTripMs: 10, repeat: 0, ...window, texts, pacedSteps: 100, overranSteps };
}

const runs = [
  run('stream', [30, 60]),
  run('stream', [40, 80]),
  run('stream', [50, 100]),
  run('stream', [1, 1], 50),
  run('ar-native', [50, 100]),
  run('ar-llama', [80, 90]),
  run('ar-native-cores', [32, 60]),
  run('ar-llama-cores', [40, 50]),
];
const steps = {
  stepMs: [60, 60, 60, 60],
  nativeMs: 50,
  plainMs: { 'ar-native': 50, 'ar-llama': 75, 'ar-native-cores': 30, 'ar-llama-cores': 40 },
};

describe('the ratios to plain decoding', () => {
  it('are those of medians of runs that count, to the quickest engine and to llama.cpp, for code and prose apart', () => {
    const found = plainRatios(runs, steps);
    expect(found['streamOverBestNativeRtt10Code']).toBeCloseTo(40 / 50);
    expect(found['streamOverLlamaNativeRtt10Code']).toBeCloseTo(40 / 80);
    expect(found['streamOverBestNativeRtt10Prose']).toBeCloseTo(80 / 90);
    expect(found['streamOverLlamaNativeRtt10Prose']).toBeCloseTo(80 / 90);
    expect(found['streamOverBestNativeCoresRtt10Code']).toBeCloseTo(40 / 32);
    expect(found['streamOverBestNativeCoresRtt10Prose']).toBeCloseTo(80 / 50);
  });

  it('have the bounds of their own acceptance beside them', () => {
    const found = plainRatios(runs, steps);
    expect(found['boundOverBestNativeCode']).toBeCloseTo(60 / 4 / 50);
    expect(found['boundOverLlamaNativeCode']).toBeCloseTo(60 / 4 / 75);
    expect(found['boundOverLlamaNativeProse']).toBeCloseTo(60 / (1 + 0.5 + 0.25 + 0.125) / 75);
  });

  it('are left out where an engine, or a kind of text, was not measured', () => {
    expect(plainRatios(runs.slice(0, 5), steps)).toEqual({});
    const code = runs.map((one) => ({ ...one, texts: one.texts.slice(0, 1) }));
    const found = plainRatios(code, null);
    expect(Object.keys(found)).not.toContainEqual(expect.stringMatching(/Prose|bound/));
    expect(found['streamOverBestNativeRtt10Code']).toBeCloseTo(0.8);
  });

  it('take the prompts of HumanEval for code', () => {
    expect(['humaneval/4', 'gsm8k/0', 'spec-bench/91'].map(kindOf)).toEqual(['Code', 'Prose', 'Prose']);
  });
});
