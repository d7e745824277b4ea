import { describe, expect, it } from 'vitest';
import { readPreset } from '../scenario/presets.ts';
import { drawQuestions } from './fleet-texts.ts';
import { createWalk } from './walk.ts';

const city = readPreset('city-70b');
const limits = { longestText: 2000, maxTokens: 768 };

describe('the questions of a fleet', () => {
  it('are as long as the tasks of the scenario, and the same for a seed', () => {
    const questions = drawQuestions(city, 1, limits);
    expect(drawQuestions(city, 1, limits)).toEqual(questions);
    expect(drawQuestions(city, 2, limits)).not.toEqual(questions);
    const prompts = questions.map(({ prompt }) => prompt.length);
    const answers = questions.map(({ answerTokens }) => answerTokens);
    // Chats have the long answers, summaries the long prompts.
    expect([Math.max(...prompts) > 700, Math.max(...answers)]).toEqual([true, 768]);
    for (const [index, prompt] of prompts.entries()) {
      expect(prompt).toBeGreaterThan(0);
      expect(prompt + (answers[index] as number)).toBeLessThanOrEqual(limits.longestText);
    }
  });

  it('keep to limits of an answer and of a text', () => {
    for (const { prompt, answerTokens } of drawQuestions(city, 3, { longestText: 60, maxTokens: 40 })) {
      expect(answerTokens).toBeLessThanOrEqual(40);
      expect(prompt.length + answerTokens).toBeLessThanOrEqual(60);
    }
  });
});

describe('a walk in a world', () => {
  it('has the times of its hardware and of its network', () => {
    const walk = createWalk(city, 6, 1, undefined);
    const each = <Value>(count: number, read: (index: number) => Value): Value[] =>
      Array.from({ length: count }, (_, index) => read(index));
    const steps = each(6, (edge) => Math.round(walk.stepLaw(edge).fixedMs)).sort((one, other) => one - other);
    expect(steps).toEqual([36, 36, 58, 58, 69, 69]);
    const trips = each(6, walk.roundTripMs);
    expect(Math.min(...trips)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...trips)).toBeLessThanOrEqual(60);
    expect(new Set(trips).size).toBe(6);
    expect(each(4, (device) => walk.draftMs(device).toFixed(1))).toEqual(['5.5', '7.8', '3.9', '2.4']);
  });
});
