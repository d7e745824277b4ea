// Rules of a grammar, and their text in xgrammar's EBNF. Parts that no text fits are taken out before: a mask must never lead an answer to
// where no token may follow.

/** A part of a rule; a string is EBNF that always has a text: a literal, a class of characters. */
export type RulePart =
  | string
  | { readonly kind: 'sequence'; readonly parts: readonly RulePart[] }
  | { readonly kind: 'choice'; readonly options: readonly RulePart[] }
  | { readonly kind: 'repeat'; readonly part: RulePart; readonly least: number; readonly most: number | null }
  | { readonly kind: 'rule'; readonly name: string };

export type Rules = ReadonlyMap<string, RulePart>;

export const sequence = (...parts: readonly RulePart[]): RulePart => ({ kind: 'sequence', parts });
export const choice = (options: readonly RulePart[]): RulePart => ({ kind: 'choice', options });
export const ruleOf = (name: string): RulePart => ({ kind: 'rule', name });
/** @param most null: any number */
export const repeat = (part: RulePart, least: number, most: number | null): RulePart => {
  return { kind: 'repeat', part, least, most };
};
export const optional = (part: RulePart): RulePart => repeat(part, 0, 1);
/** Exactly this text. */
export const literal = (text: string): string => JSON.stringify(text);

/** @param fillable names of the rules that have a text @returns the EBNF with `root` first; null: no text fits */
export function ebnfOf(root: RulePart, rules: Rules, fillable: ReadonlySet<string>): string | null {
  if (!isFillable(root, fillable)) return null;
  const all = new Map([...rules, ['root', root]]);
  const lines: string[] = [];
  const waiting = ['root'];
  const seen = new Set(waiting);
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const part = all.get(name) as RulePart;
    lines.push(`${name} ::= ${textOf(part, { fillable, use })}`);
  }
  return `${lines.join('\n')}\n`;

  function use(name: string): void {
    if (seen.has(name)) return;
    seen.add(name);
    waiting.push(name);
  }
}

/** Adds the names of those of these rules that have a text, found from below. @param fillable of all rules that these name */
export function addFillable(rules: Rules, fillable: Set<string>): void {
  for (let before = -1; before < fillable.size; ) {
    before = fillable.size;
    for (const [name, part] of rules) if (!fillable.has(name) && isFillable(part, fillable)) fillable.add(name);
  }
}

/** Whether a text fits it. @param fillable names of the rules that have one */
export function isFillable(part: RulePart, fillable: ReadonlySet<string>): boolean {
  if (typeof part === 'string') return true;
  if (part.kind === 'sequence') return part.parts.every((one) => isFillable(one, fillable));
  if (part.kind === 'choice') return part.options.some((one) => isFillable(one, fillable));
  if (part.kind === 'rule') return fillable.has(part.name);
  return part.most !== null && part.most < part.least ? false : part.least === 0 || isFillable(part.part, fillable);
}

interface Writing {
  readonly fillable: ReadonlySet<string>;
  /** Called for each rule that is named. */
  use(name: string): void;
}

function textOf(part: RulePart, writing: Writing): string {
  if (typeof part === 'string') return part;
  if (part.kind === 'rule') {
    writing.use(part.name);
    return part.name;
  }
  if (part.kind === 'sequence') return part.parts.map((one) => textOf(one, writing)).join(' ') || '""';
  if (part.kind === 'choice') {
    const options = part.options.filter((one) => isFillable(one, writing.fillable));
    const texts = options.map((one) => textOf(one, writing));
    return texts.length === 1 ? (texts[0] as string) : `(${texts.join(' | ')})`;
  }
  if (part.most === 0 || !isFillable(part.part, writing.fillable)) return '""';
  return `(${textOf(part.part, writing)})${timesOf(part.least, part.most)}`;
}

function timesOf(least: number, most: number | null): string {
  if (most === null) return least === 0 ? '*' : least === 1 ? '+' : `{${least},}`;
  return least === 0 && most === 1 ? '?' : `{${least},${most}}`;
}
