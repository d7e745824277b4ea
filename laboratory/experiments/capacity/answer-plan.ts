// Which answer begins next on an edge whose places are always taken, and which answers count. A place that becomes free is taken at once. Pure.

import type { TokenSource } from '../../../simulator/simulation/token-source.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';

export interface PlannedAnswer {
  readonly text: number;
  /** Tokens of it that are written. The first answer of each place ends early: it stands for one that is under way when the run begins. */
  readonly tokens: number;
  readonly isFirst: boolean;
  readonly roundTrip: number;
  readonly isCounted: boolean;
}

/** Times of an answer, ms. */
export interface EndedAnswer {
  /** NaN: it came at once. */
  readonly msPerToken: number;
  /** From its request to its first token. */
  readonly firstTokenMs: number;
}

export interface PlanSettings {
  readonly lengths: readonly number[];
  readonly places: number;
  readonly roundTripCount: number;
  /** The same text has the same round trip in two plans, unless this number differs. */
  readonly roundTripShift: number;
  /** A shorter answer has no pace: it is played, and does not count. */
  readonly leastTokens: number;
}

/**
 * Every text counts once, in a random order, from the moment at which each place has ended its first answer. Texts keep coming until the last
 * one that counts has ended, so that the load stays.
 */
export class AnswerPlan {
  readonly #settings: PlanSettings;
  readonly #random: Random;
  readonly #answers: EndedAnswer[] = [];
  #order: number[] = [];
  #firstLeft: number;
  #begun = 0;
  /** Texts that count and have not begun; null: the first answers have not all ended. */
  #toBegin: number | null = null;
  #running = 0;

  constructor(settings: PlanSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
    this.#firstLeft = settings.places;
  }

  /** Whether the load is steady: from now on answers count. */
  get isSteady(): boolean {
    return this.#toBegin !== null;
  }

  /** The last answer that counts has ended. */
  get isOver(): boolean {
    return this.#toBegin === 0 && this.#running === 0;
  }

  /** The answers that count and have ended. */
  get answers(): readonly EndedAnswer[] {
    return this.#answers;
  }

  next(): PlannedAnswer {
    const { lengths, places, roundTripCount, roundTripShift } = this.#settings;
    // All texts of a round are new to it: each counts exactly once.
    if (this.#order.length === 0) this.#order = shuffled(lengths.length, this.#random);
    const text = this.#order.pop() as number;
    const isFirst = this.#begun++ < places;
    const length = lengths[text] as number;
    const tokens = isFirst ? 1 + this.#random.integer(length) : length;
    const isCounted = this.#toBegin !== null && this.#toBegin > 0;
    if (isCounted) {
      this.#toBegin = (this.#toBegin as number) - 1;
      this.#running++;
    }
    return { text, tokens, isFirst, roundTrip: (text + roundTripShift) % roundTripCount, isCounted };
  }

  ended({ isFirst, isCounted, tokens }: PlannedAnswer, answer: EndedAnswer): void {
    const { lengths, leastTokens } = this.#settings;
    if (isFirst && --this.#firstLeft === 0) {
      this.#toBegin = lengths.length;
      this.#order = [];
    }
    if (!isCounted) return;
    this.#running--;
    if (tokens >= leastTokens && !Number.isNaN(answer.msPerToken)) this.#answers.push(answer);
  }
}

const planStream = 0x53800000;

export function planAnswers(source: TokenSource, settings: Omit<PlanSettings, 'lengths'>, seed: number): AnswerPlan {
  const lengths = source.replays.map(({ session }) => session.answer.length);
  return new AnswerPlan({ ...settings, lengths }, createRandom(seed, planStream));
}

function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let at = count - 1; at > 0; at--) {
    const other = random.integer(at + 1);
    [order[at], order[other]] = [order[other] as number, order[at] as number];
  }
  return order;
}
