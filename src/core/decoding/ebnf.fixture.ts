// Whether a text is one of a grammar in EBNF: slow, and with the part of the notation that our grammars use.

type Parser = (text: string, at: number) => ReadonlySet<number>;

/** @throws Error for EBNF that it can't read */
export function accepts(ebnf: string, text: string): boolean {
  const rules = new Map<string, Parser>();
  for (const line of ebnf.trim().split('\n')) {
    const [, name = '', body = ''] = /^(\w+) ::= (.*)$/s.exec(line) ?? [];
    if (name === '') throw new Error(`no rule: ${line}`);
    rules.set(name, new Reader(body, rules).whole());
  }
  const root = rules.get('root');
  if (root === undefined) throw new Error('no root');
  return root(text, 0).has(text.length);
}

class Reader {
  readonly #tokens: readonly string[];
  readonly #rules: ReadonlyMap<string, Parser>;
  #at = 0;

  constructor(body: string, rules: ReadonlyMap<string, Parser>) {
    this.#tokens = body.match(/"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|\{\d+(?:,\d*)?\}|\w+|[()|?*+]/g) ?? [];
    if (this.#tokens.join('') !== body.replace(/("(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\])|\s+/g, '$1'))
      throw new Error(`can't read ${body}`);
    this.#rules = rules;
  }

  whole(): Parser {
    const parser = this.#choice();
    if (this.#at < this.#tokens.length) throw new Error(`ends too soon: ${this.#tokens.slice(this.#at).join(' ')}`);
    return parser;
  }

  #choice(): Parser {
    const options = [this.#sequence()];
    while (this.#tokens[this.#at] === '|') {
      this.#at += 1;
      options.push(this.#sequence());
    }
    return (text, at) => new Set(options.flatMap((option) => [...option(text, at)]));
  }

  #sequence(): Parser {
    const parts: Parser[] = [];
    while (!['|', ')', undefined].includes(this.#tokens[this.#at])) parts.push(this.#repeated());
    return (text, at) => {
      let ends: ReadonlySet<number> = new Set([at]);
      for (const part of parts) ends = new Set([...ends].flatMap((end) => [...part(text, end)]));
      return ends;
    };
  }

  #repeated(): Parser {
    const part = this.#single();
    const [, exact, from, to] = /^(?:\{(\d+)\}|\{(\d+),(\d*)\})$/.exec(this.#tokens[this.#at] ?? '') ?? [];
    const sign = this.#tokens[this.#at];
    const bounds: Readonly<Record<string, readonly [number, number]>> = {
      '?': [0, 1],
      '*': [0, Number.POSITIVE_INFINITY],
      '+': [1, Number.POSITIVE_INFINITY],
    };
    const range = bounds[sign ?? ''] ?? (exact !== undefined ? [Number(exact), Number(exact)] : undefined);
    const all =
      range ?? (from !== undefined ? [Number(from), to === '' ? Number.POSITIVE_INFINITY : Number(to)] : undefined);
    if (all === undefined) return part;
    this.#at += 1;
    const [least, most] = all as readonly [number, number];
    return (text, at) => {
      const found = new Set<number>(least === 0 ? [at] : []);
      let ends: ReadonlySet<number> = new Set([at]);
      for (let count = 1; count <= most && ends.size > 0 && count <= text.length + 1; count += 1) {
        ends = new Set([...ends].flatMap((end) => [...part(text, end)]));
        if (count >= least) for (const end of ends) found.add(end);
      }
      return found;
    };
  }

  #single(): Parser {
    const token = this.#tokens[this.#at] ?? '';
    this.#at += 1;
    if (token === '(') {
      const inner = this.#choice();
      this.#at += 1;
      return inner;
    }
    if (token.startsWith('"')) {
      const literal = JSON.parse(token) as string;
      return (text, at) => new Set(text.startsWith(literal, at) ? [at + literal.length] : []);
    }
    if (token.startsWith('[')) {
      const pattern = new RegExp(`^${token}$`, 'u');
      return (text, at) => {
        const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
        return new Set(at < text.length && pattern.test(character) ? [at + character.length] : []);
      };
    }
    return (text, at) => {
      const rule = this.#rules.get(token);
      if (rule === undefined) throw new Error(`no rule ${token}`);
      return rule(text, at);
    };
  }
}
