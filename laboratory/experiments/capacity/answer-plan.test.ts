import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { AnswerPlan, type EndedAnswer, type PlannedAnswer } from './answer-plan.ts';

const lengths = [10, 20, 30, 40, 3];

const after = (msPerToken: number): EndedAnswer => ({ msPerToken, firstTokenMs: 1 });

/** Plays a plan in which each place takes turns and one token takes 1 ms at one place. */
function play(places: number, seed = 1): { readonly counted: PlannedAnswer[]; readonly plan: AnswerPlan } {
  const plan = new AnswerPlan(
    { lengths, places, roundTripCount: 3, roundTripShift: seed, leastTokens: 8 },
    createRandom(seed, 1),
  );
  const running = Array.from({ length: places }, () => plan.next());
  const counted: PlannedAnswer[] = [];
  for (let place = 0; !plan.isOver; place = (place + 1) % places) {
    const answer = running[place] as PlannedAnswer;
    if (answer.isCounted) counted.push(answer);
    plan.ended(answer, after(answer.tokens));
    running[place] = plan.next();
  }
  return { counted, plan };
}

describe('the plan of answers', () => {
  it.each([1, 3, 12])('counts every text once, whole, with %i places', (places) => {
    const { counted } = play(places);
    expect(counted.map(({ text }) => text).toSorted()).toEqual([0, 1, 2, 3, 4]);
    for (const { text, tokens, isFirst } of counted) expect([tokens, isFirst]).toEqual([lengths[text], false]);
  });

  it('leaves out the pace of answers that are too short for one', () => {
    const { plan } = play(3);
    const paces = plan.answers.map(({ msPerToken }) => msPerToken);
    expect(paces.toSorted((one, other) => one - other)).toEqual([10, 20, 30, 40]);
  });

  it('does not count before each place has ended its first answer', () => {
    const plan = new AnswerPlan(
      { lengths, places: 2, roundTripCount: 1, roundTripShift: 0, leastTokens: 8 },
      createRandom(1, 1),
    );
    const [slow, quick] = [plan.next(), plan.next()];
    plan.ended(quick, after(1));
    // The second place begins its second answer, and its third: the first place still writes its first.
    const second = plan.next();
    plan.ended(second, after(1));
    expect([second.isCounted, plan.isSteady, plan.next().isCounted]).toEqual([false, false, false]);
    plan.ended(slow, after(1));
    expect([plan.isSteady, plan.isOver, plan.next().isCounted]).toEqual([true, false, true]);
  });

  it('depends on its seed alone', () => {
    expect(play(3, 5).counted).toEqual(play(3, 5).counted);
    expect(play(3, 5).counted).not.toEqual(play(3, 6).counted);
  });
});
