// What the attacker's process is told to do.

import type { Target } from './intruder.ts';

/** The process says when it is ready for one, and gives the name of the attack back when that is over. */
export interface Order {
  readonly attack: string;
  readonly seconds: number;
  readonly target: Omit<Target, 'isOver'>;
}

/** In place of an attack: an ordinary key that keeps its share of the edge busy. */
export const ordinaryUse = 'ordinary use';
