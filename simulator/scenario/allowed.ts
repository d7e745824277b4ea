// The allowed values at a path of a scenario, in words, from the published schema. It checks no value.

import { scenarioJsonSchema } from './schema.ts';

interface Node {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

/** Keys of objects and indexes of lists. */
export type Path = readonly (string | number)[];

/** "a whole number from 1 to 1000"; empty if the schema says nothing. @param raw the whole scenario as it was given */
export function allowedAt(raw: unknown, path: Path): string {
  return schemasAt(raw, path).map(describe).join(' or ');
}

/** The allowed keys of the object at this path. */
export function keysAt(raw: unknown, path: Path): string[] {
  return [...new Set(schemasAt(raw, path).flatMap((node) => Object.keys(node.properties ?? {})))];
}

function schemasAt(raw: unknown, path: Path): readonly Node[] {
  let nodes = branches(scenarioJsonSchema() as Node, raw);
  let value = raw;
  for (const step of path) {
    value = childOf(value, step);
    nodes = nodes.flatMap((node) => childSchema(node, step)).flatMap((node) => branches(node, value));
  }
  return nodes;
}

export function childOf(value: unknown, step: string | number): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
}

function childSchema(node: Node, step: string | number): Node[] {
  const { additionalProperties: others } = node;
  const child =
    typeof step === 'number'
      ? node.items
      : (node.properties?.[step] ?? (typeof others === 'object' ? others : undefined));
  return child === undefined ? [] : [child];
}

/** Of alternatives with a `kind`, the one that the value names; otherwise each one. */
function branches(node: Node, value: unknown): readonly Node[] {
  const alternatives = (node.anyOf ?? node.oneOf)?.flatMap((one) => branches(one, value));
  if (alternatives === undefined) return [node];
  const named = alternatives.filter((one) => one.properties?.['kind']?.const === childOf(value, 'kind'));
  if (named.length > 0) return named;
  const kinds = alternatives.flatMap((one) => one.properties?.['kind']?.const ?? []);
  if (kinds.length < 2) return alternatives;
  return [{ properties: { kind: { enum: kinds } }, type: 'object' }];
}

function describe(node: Node): string {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  switch (node.type) {
    case 'number':
      return `a number from ${node.minimum} to ${node.maximum}`;
    case 'integer':
      return `a whole number from ${node.minimum} to ${node.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      return `a list of ${node.minItems ?? 0} to ${node.maxItems} entries`;
    case 'string':
      return node.pattern === undefined
        ? `a text of up to ${node.maxLength} characters`
        : `a text like ${node.pattern}`;
    default:
      return `an object with ${Object.keys(node.properties ?? {}).join(', ')}`;
  }
}
