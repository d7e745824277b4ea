// What an app has got of a text whose server died in its middle, against the same text without a fault. Pure.

export interface Part {
  readonly text: string;
  readonly atMs: number;
}

/** A stream whose server was killed. */
export interface CutStream {
  readonly parts: readonly Part[];
  /** When the server was killed; null: the text ended before. */
  readonly killedMs: number | null;
  readonly endMs: number;
  readonly end: string;
}

export interface Compared {
  /** Tokens that the app had when the server was killed. */
  readonly before: number;
  /** Tokens of the text without a fault that the app has, from the first on. */
  readonly right: number;
  /** Those that it lacks. */
  readonly lost: number;
  /** Tokens from the beginning of the text that came again after the cut. */
  readonly repeated: number;
  readonly identical: boolean;
  /** The longest time without text since. */
  readonly pauseMs: number;
}

/** So few tokens are alike by chance. */
const byChance = 3;

/** @param reference the tokens of the text */
export function compare({ parts, killedMs, endMs }: CutStream, reference: readonly string[]): Compared {
  const whole = reference.join('');
  const text = parts.map((part) => part.text).join('');
  const since = killedMs ?? endMs;
  const had = parts.filter(({ atMs }) => atMs <= since).map((part) => part.text);
  const right = alike(text, reference);
  const isSame = text === whole;
  const again = isSame ? 0 : mostAgain(text, had.join('').length, reference);
  const times = [since, ...parts.map(({ atMs }) => atMs).filter((atMs) => atMs > since), endMs];
  return {
    before: alike(had.join(''), reference),
    right,
    lost: reference.length - right,
    repeated: again > byChance ? again : 0,
    identical: isSame,
    pauseMs: Math.max(...times.slice(1).map((atMs, index) => atMs - (times[index] ?? atMs))),
  };
}

/** How many tokens the text begins with. */
export function alike(text: string, tokens: readonly string[]): number {
  let at = 0;
  for (const [count, token] of tokens.entries()) {
    if (!text.startsWith(token, at)) return count;
    at += token.length;
  }
  return tokens.length;
}

/** How many tokens of the beginning come again, at the place with the most. */
function mostAgain(text: string, from: number, tokens: readonly string[]): number {
  let most = 0;
  for (let at = from; at < text.length; at += 1) most = Math.max(most, alike(text.slice(at), tokens));
  return most;
}
