// The types of trial abuse: an attack, and the message that makes the attacker's process run one.

/** The edge that is attacked, what an attacker has, and when the attack ends. */
export interface Target {
  readonly port: number;
  /** The attacker's own key. */
  readonly key: string;
  /** Source address of its connections. */
  readonly from: string;
  /** Tokens that a text may have on this edge. */
  readonly contextLength: number;
  /** A key that was valid once. */
  readonly withdrawnKey: string;
  /** A prompt of an honest reader. */
  readonly honestPrompt: readonly number[];
  isOver(): boolean;
}

export interface Attack {
  /** What it does, in a few words. */
  readonly words: string;
  /** Shortest useful duration: the edge closes such a peer only after this time. */
  readonly leastSeconds?: number;
  /** The edge keeps what it leaves for up to ten minutes, for readers who may come back: it is played first. */
  readonly isKept?: boolean;
  /** Attacks until `isOver` is true, then closes its connections. */
  run(target: Target): Promise<void>;
}

/** Attacks by their names. */
export type Attacks = Readonly<Record<string, Attack>>;

/** The attacker's process sends a message when it is ready for an order, and sends the name of the attack back when that is over. */
export interface Order {
  readonly attack: string;
  readonly seconds: number;
  readonly target: Omit<Target, 'isOver'>;
}

/** In place of an attack: an ordinary key that keeps its share of the edge busy. */
export const ordinaryUse = 'ordinary use';
