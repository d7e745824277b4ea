// A prompt is evaluated while the device drafts, in virtual time as on a live edge: the first token of the modes that wait for drafts
// comes when both are done, not one after the other.

import { expect, it } from 'vitest';
import { runSession } from '../simulator/virtual-time/run-session.ts';
import type { ModeName } from '../src/core/protocol/wire/mode.ts';

function firstTokenMs(mode: ModeName, draftLength: number): number {
  const { emissions } = runSession({
    mode,
    seed: 1,
    roundTripMs: 20,
    acceptance: 0.8,
    draftMs: 40,
    step: { fixedMs: 40, perRowMs: 0.4 },
    timeJitter: 0,
    promptTokens: 512,
    answerTokens: 30,
    turn: { draftLength },
    edgeDraft: { tokenMs: 20, tokenCount: draftLength },
  });
  return Math.round(emissions[0]?.atMs ?? Number.NaN);
}

it.each<[ModeName, number, number]>([
  ['ar', 625, 625],
  ['psd', 625, 625],
  ['stream', 628, 628],
  ['sd', 626, 1024],
  ['edge-sd', 626, 628],
  ['mix', 628, 628],
])('the first token of %s comes after %i and %i ms', (mode, short, long) => {
  expect([firstTokenMs(mode, 4), firstTokenMs(mode, 24)]).toEqual([short, long]);
});
