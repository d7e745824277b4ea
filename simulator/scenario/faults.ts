// The faults of a scenario, one line each: path, value, and the allowed values as the published schema has them. It finds no faults itself.

import type { z } from 'zod';
import { nearestName } from '../../src/core/basics/nearest-name.ts';
import { scenarioJsonSchema } from './scenario.ts';

/** Keys of objects and indexes of lists. */
type Path = readonly (string | number)[];

/** @param raw the whole scenario as it was given */
export function describeIssue(raw: unknown, issue: z.core.$ZodIssue): string[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(raw, path);
    return issue.keys.map((key) => {
      const nearest = nearestName(key, known);
      const hint =
        nearest === undefined ? `allowed: ${known.join(', ')}` : `did you mean ${formatPath([...path, nearest])}?`;
      return `${formatPath([...path, key])} is unknown; ${hint}`;
    });
  }
  if (issue.code === 'custom') return [`${formatPath(path)} ${issue.message}`];
  if (issue.code === 'invalid_union') {
    const inner = closestBranch(issue);
    if (inner !== undefined) {
      return inner.flatMap((one) => describeIssue(raw, { ...one, path: [...path, ...one.path] } as z.core.$ZodIssue));
    }
  }
  const value = valueAt(raw, path);
  const allowed = allowedAt(raw, path);
  if (value === undefined) return [`${formatPath(path)} is missing; allowed: ${allowed}`];
  return [`${formatPath(path)} is ${shorten(value)}; allowed: ${allowed}`];
}

/** The one of several forms that has the right outer type, if there is only one. */
function closestBranch(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  const fitting = issue.errors.filter((one) => one.length > 0 && one.every(({ path }) => path.length > 0));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** "workload.tasks[0].kind" */
export function formatPath(path: Path): string {
  if (path.length === 0) return 'the scenario';
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

/** Undefined if there is none. */
export function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(childOf, raw);
}

function shorten(value: unknown): string {
  // JSON has no NaN and no Infinity: it would write both as null.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

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

/** "a whole number from 1 to 1000"; empty if the schema has no limits. @param raw the whole scenario as it was given */
function allowedAt(raw: unknown, path: Path): string {
  return schemasAt(raw, path).map(describe).join(' or ');
}

/** The allowed keys of the object at this path. */
function keysAt(raw: unknown, path: Path): string[] {
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

function childOf(value: unknown, step: string | number): unknown {
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

/** The alternative with the `kind` that the value names; otherwise each one. */
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
