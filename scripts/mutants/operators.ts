// The mutants of a source file: small wrong versions of its code. All of them are written into one copy of the file, each behind a
// switch, so that one process tries many mutants one after the other. The parser is rolldown's, which vitest brings.

import { parseAst } from 'rolldown/parseAst';

export interface Mutant {
  /** From 1; the switch. */
  readonly id: number;
  /** Path in the repository. */
  readonly file: string;
  /** 1 for the first line. */
  readonly line: number;
  /** The function around it: "EdgeRegistry.#settle", or "" at the top of the module. */
  readonly place: string;
  /** The code, and what stands in its place; white space is single spaces. */
  readonly from: string;
  readonly to: string;
  /** Place among the mutants of the file with the same function, code and replacement, from 1. */
  readonly nth: number;
}

/** A node of the syntax tree: the fields that are read here. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

type Operation = Node & { readonly left: Node; readonly right: Node; readonly operator: string };

/** One place in the code with the texts that may stand there. */
interface Site {
  readonly start: number;
  readonly end: number;
  /** A statement is switched off, an expression is replaced. */
  readonly kind: 'expression' | 'statement';
  readonly texts: readonly string[];
  readonly place: string;
}

/** A place where a call that counts is added, so that a loop without an end is noticed. */
interface Tick {
  readonly at: number;
  readonly text: string;
}

type Table = ReadonlyMap<string, string>;

const boundaries: Table = table('< <=, <= <, > >=, >= >');
const opposites: Table = table('< >=, <= >, > <=, >= <, === !==, !== ===');
const arithmetic: Table = table('+ -, - +, * /, / *, % *, ** *, & |, | &, ^ &, << >>, >> <<, >>> <<');
const assignments: Table = table('+= -=, -= +=, *= /=, /= *=, ??= =, ||= =, &&= =');
const methods: Table = table(
  'min max, max min, floor ceil, ceil floor, some every, every some, startsWith endsWith, endsWith startsWith, push unshift, unshift push',
);
/** Calls that may be left out: `list.filter(test)` becomes `list`. */
const droppable: ReadonlySet<string> = new Set([
  'filter',
  'sort',
  'toSorted',
  'reverse',
  'toReversed',
  'slice',
  'trim',
]);

class Finder {
  readonly sites: Site[] = [];
  readonly ticks: Tick[] = [];
  readonly #source: string;
  readonly #places: string[] = [];
  readonly #rules: ReadonlyMap<string, (node: Node) => void> = new Map([
    ['BinaryExpression', (node: Node) => this.#binary(node)],
    ['LogicalExpression', (node: Node) => this.#logical(node)],
    ['UnaryExpression', (node: Node) => this.#unary(node)],
    ['UpdateExpression', (node: Node) => this.#update(node)],
    ['AssignmentExpression', (node: Node) => this.#assignment(node)],
    ['CallExpression', (node: Node) => this.#call(node)],
    ['ExpressionStatement', (node: Node) => this.#statement(node)],
    ['ConditionalExpression', (node: Node) => this.#condition(node['test'] as Node)],
    ['IfStatement', (node: Node) => this.#condition(node['test'] as Node)],
    ['BreakStatement', (node: Node) => this.#add(node, [''], 'statement')],
    ['ContinueStatement', (node: Node) => this.#add(node, [''], 'statement')],
    ['ArrayExpression', (node: Node) => this.#add(node, (node['elements'] as unknown[]).length > 0 ? ['[]'] : [])],
    ['Literal', (node: Node) => this.#add(node, typeof node['value'] === 'boolean' ? [String(!node['value'])] : [])],
  ]);

  constructor(source: string) {
    this.#source = source;
  }

  text({ start, end }: Node): string {
    return this.#source.slice(start, end);
  }

  #add(node: Node, texts: readonly string[], kind: Site['kind'] = 'expression'): void {
    const place = this.#places.join('.');
    if (texts.length > 0) this.sites.push({ start: node.start, end: node.end, kind, texts, place });
  }

  /** @param fixed the node is part of an optional chain, which brackets would end */
  visit(node: Node, fixed = false): void {
    const { type } = node;
    if (type.startsWith('TS') && !typedExpressions.has(type)) return;
    if (!fixed) this.#mutate(node);
    const name = placeOf(node, (part) => this.text(part));
    if (name !== null) this.#places.push(name);
    for (const [field, value] of Object.entries(node)) {
      const keepsFixed =
        (fixed || type === 'ChainExpression') && (field === 'object' || field === 'callee' || field === 'expression');
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child) && !isSkipped(node, field)) this.visit(child, keepsFixed);
      }
    }
    if (name !== null) this.#places.pop();
  }

  #mutate(node: Node): void {
    const rule = this.#rules.get(node.type);
    if (rule !== undefined) rule(node);
    else if (loops.has(node.type)) this.#loop(node);
  }

  #logical(node: Node): void {
    const { left, right, operator } = node as Operation;
    const other = operator === '&&' ? '||' : '&&';
    this.#add(node, [operator === '??' ? this.text(left) : this.#joined(left, other, right)]);
  }

  #unary(node: Node): void {
    const { operator, argument } = node as Node & { operator: string; argument: Node };
    if (operator === '!' || operator === '-') this.#add(node, [this.text(argument)]);
  }

  #update(node: Node): void {
    const [from, to] = node['operator'] === '++' ? ['++', '--'] : ['--', '++'];
    this.#add(node, [this.text(node).replace(from as string, to as string)]);
  }

  #assignment(node: Node): void {
    const { left, right, operator } = node as Operation;
    const other = assignments.get(operator);
    if (other !== undefined) this.#add(node, [`${this.text(left)} ${other} ${this.text(right)}`]);
  }

  #joined(left: Node, operator: string, right: Node): string {
    return `(${this.text(left)}) ${operator} (${this.text(right)})`;
  }

  #binary(node: Node): void {
    const { left, right, operator } = node as Operation;
    const isText = [left, right].some(({ type, value }) => type === 'TemplateLiteral' || typeof value === 'string');
    const others = [
      boundaries.get(operator),
      opposites.get(operator),
      operator === '+' && isText ? undefined : arithmetic.get(operator),
    ];
    this.#add(
      node,
      others.flatMap((other) => (other === undefined ? [] : [this.#joined(left, other, right)])),
    );
  }

  /** A condition that always or never holds. For a comparison its opposite adds nothing to these two, so it is left out. */
  #condition(test: Node): void {
    if (test.type === 'Literal') return;
    this.#add(test, ['true', 'false']);
  }

  #call(node: Node): void {
    const { callee, arguments: passed } = node as Node & { callee: Node; arguments: Node[] };
    if (callee.type !== 'MemberExpression' || callee['computed'] === true) return;
    const { object, property } = callee as Node & { object: Node; property: Node };
    const name = this.text(property);
    const rest = this.#source.slice(property.end, node.end);
    const other = methods.get(name);
    if (other !== undefined) this.#add(node, [`${this.#source.slice(node.start, property.start)}${other}${rest}`]);
    if (droppable.has(name)) this.#add(node, [this.text(object)]);
    if (this.text(callee) === 'Math.abs' && passed[0] !== undefined) this.#add(node, [this.text(passed[0])]);
  }

  #statement(node: Node): void {
    const expression = node['expression'] as Node;
    const { callee } = expression as Node & { callee?: Node };
    if (callee?.type === 'Super' || typeof node['directive'] === 'string') return;
    this.#add(node, [''], 'statement');
  }

  #loop(node: Node): void {
    const { body, test } = node as Node & { body?: Node; test?: Node | null };
    if (body === undefined) return;
    if (body.type === 'BlockStatement') this.ticks.push({ at: body.start + 1, text: ' $tick(); ' });
    else this.ticks.push({ at: body.start, text: '{ $tick(); ' }, { at: body.end, text: ' }' });
    if (isNode(test) && test.type !== 'Literal')
      this.#add(test, node.type === 'DoWhileStatement' ? ['false'] : ['false', 'true']);
  }
}

const loops: ReadonlySet<string> = new Set([
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'WhileStatement',
  'DoWhileStatement',
]);
/** TypeScript's wrappers of an expression; everything else of TypeScript is gone when the code runs. */
const typedExpressions: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
]);
const functions: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'MethodDefinition',
  'ClassDeclaration',
  'PropertyDefinition',
]);

/** @param text pairs, each what stands in the code and what stands there in the mutant */
function table(text: string): Table {
  return new Map(text.split(', ').map((pair) => pair.split(' ') as [string, string]));
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** Parts that are no expressions of their own: names of fields, what is assigned to, what is deleted, other modules' names. */
function isSkipped({ type, computed, operator }: Node, field: string): boolean {
  if (type === 'ImportDeclaration' || field === 'typeAnnotation' || field === 'returnType') return true;
  if (field === 'key' || field === 'property') return computed !== true;
  return type === 'UnaryExpression' && operator === 'delete';
}

function placeOf(node: Node, text: (node: Node) => string): string | null {
  const named = (node['id'] ?? node['key']) as Node | undefined | null;
  if (functions.has(node.type)) return isNode(named) ? text(named) : null;
  const { init } = node as Node & { init?: Node | null };
  const isFunction = node.type === 'VariableDeclarator' && init?.type === 'ArrowFunctionExpression';
  return isFunction && isNode(named) ? text(named) : null;
}

function line(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Sites of the same place in the code are one: several texts behind one another. */
function mergedSites(sites: readonly Site[]): Site[] {
  const merged = new Map<string, Site>();
  for (const site of sites) {
    const key = `${site.start} ${site.end} ${site.kind}`;
    const texts = [...new Set([...(merged.get(key)?.texts ?? []), ...site.texts])];
    merged.set(key, { ...site, texts });
  }
  return [...merged.values()].map(withoutImplied);
}

/** Where a condition may be true or false, the opposite of its comparison shows nothing more. */
function withoutImplied(site: Site): Site {
  if (!site.texts.includes('false') || site.texts.length < 3) return site;
  const implied = /^\(.*\) (?:===|!==) \(.*\)$|^\(.*\) (?:>=|<=|>|<) \(.*\)$/s;
  const comparisons = site.texts.filter((text) => implied.test(text));
  const dropped = comparisons.length === 1 ? comparisons : comparisons.slice(1);
  return { ...site, texts: site.texts.filter((text) => !dropped.includes(text)) };
}

export interface MutatedSource {
  readonly mutants: readonly Mutant[];
  /**
   * The code with every mutant behind a switch. It calls two global functions: `$mutant(id)` tells whether this mutant is on, and
   * `$tick()` counts rounds of loops.
   */
  readonly code: string;
}

/**
 * @param firstId number of the first mutant
 * @param chosen those that the code has switches for; default: all
 * @throws Error if the source can't be parsed
 */
export function mutate(file: string, source: string, firstId: number, chosen?: ReadonlySet<number>): MutatedSource {
  const finder = new Finder(source);
  finder.visit(parseAst(source, { lang: 'ts' }) as unknown as Node);
  const sites = mergedSites(finder.sites).sort((one, other) => one.start - other.start || other.end - one.end);
  const mutants: Mutant[] = [];
  const seen = new Map<string, number>();
  const edits: { at: number; order: number; text: string }[] = [];
  const lines = lineCounter(source);
  for (const [index, { start, end, kind, texts, place }] of sites.entries()) {
    let before = '';
    let switches = 0;
    for (const text of texts) {
      const id = firstId + mutants.length;
      const named = { place, from: line(source.slice(start, end)), to: line(text) };
      const name = JSON.stringify(named);
      const nth = (seen.get(name) ?? 0) + 1;
      seen.set(name, nth);
      mutants.push({ id, file, line: lines(start), ...named, nth });
      if (chosen?.has(id) === false) continue;
      switches += 1;
      before += kind === 'statement' ? `{ if (!$mutant(${id})) { ` : `$mutant(${id}) ? (${text}) : `;
    }
    if (switches === 0) continue;
    const [open, close] = kind === 'statement' ? [before, ' } }'.repeat(switches)] : [`(${before}(`, '))'];
    // The outer of two sites that begin together opens first and closes last.
    edits.push({ at: start, order: index, text: open }, { at: end, order: -index - 1, text: close });
  }
  for (const { at, text } of finder.ticks) edits.push({ at, order: text.trim() === '}' ? 0 : -0.5, text });
  edits.sort((one, other) => one.at - other.at || one.order - other.order);
  let code = '';
  let from = 0;
  for (const { at, text } of edits) {
    code += source.slice(from, at) + text;
    from = at;
  }
  return { mutants, code: code + source.slice(from) };
}

function lineCounter(source: string): (offset: number) => number {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1;
}
