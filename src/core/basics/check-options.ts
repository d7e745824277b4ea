// What a caller may pass, as a table with one check for each option. Types show a TypeScript user his mistakes; this reports those of a
// JavaScript user, by field, before anything happens. It is small, because `outrider/device` carries it into a browser.

import { badArgument } from './errors.ts';
import { encodeUtf8 } from './utf8.ts';

/** @param field as it is named in the message: "ask: sampling.topK" @throws OutriderError `bad-argument` */
export type Check = (field: string, value: unknown) => void;

/** The check of an option that may be left out. */
export interface OptionalCheck {
  readonly optional: Check;
}

/** A check for every option: one without a check does not compile. */
export type Checks<Options> = {
  readonly [Name in keyof Options]-?: Record<never, never> extends Pick<Options, Name> ? OptionalCheck : Check;
};

/** Undefined stands for an option that was left out. */
export function optional(check: Check): OptionalCheck {
  return { optional: check };
}

/**
 * Refuses unknown options, missing ones, and values that no check allows.
 * @param call of the library, for the message
 * @throws OutriderError `bad-argument`
 */
export function checkOptions<Options>(call: string, given: Options, checks: Checks<Options>): void {
  if (!isObject(given)) throw badArgument(`${call}: its options are ${said(given)}`, 'Give an object.');
  checkFields(call, ': ', given, checks);
}

/** @param owner of the fields, for the message @param joint between owner and field */
function checkFields(owner: string, joint: string, given: object, checks: object): void {
  const names = Object.keys(checks);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw badArgument(`${owner} has no option ${said(unknown)}`, `There are: ${names.join(', ')}.`);
  for (const [name, check] of Object.entries(checks) as [string, Check | OptionalCheck][]) {
    const value = (given as Record<string, unknown>)[name];
    if (typeof check === 'function') check(`${owner}${joint}${name}`, value);
    else if (value !== undefined) check.optional(`${owner}${joint}${name}`, value);
  }
}

/** @param remedy what to give instead, a sentence */
export function must(remedy: string, holds: (value: unknown) => boolean): Check {
  return (field, value) => {
    if (!holds(value)) throw badArgument(`${field} is ${said(value)}`, remedy);
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isFunction = (value: unknown): boolean => typeof value === 'function';

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value has these members, of its own or inherited. */
export function hasMembers(value: unknown, ...members: readonly string[]): boolean {
  return isObject(value) && members.every((name) => name in value);
}

export const text: Check = must('Give a text.', isText);
export const truth: Check = must('Give true or false.', (value) => typeof value === 'boolean');
export const callback: Check = must('Give a function.', isFunction);
export const finite: Check = must('Give a number.', Number.isFinite);
/** An address, or a function. */
export const addressOrConnector: Check = must(
  'Give an address such as "ws://127.0.0.1:8642", or a connector.',
  (value) => isText(value) || isFunction(value),
);
export const abortSignal: Check = having('an AbortSignal', 'aborted', 'addEventListener');
export const clock: Check = having('a clock', 'nowMs', 'after');

/** Both ends are allowed. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Check {
  const limits = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return must(`Give a whole number ${limits}.`, (value) => Number.isSafeInteger(value) && isWithin(value, least, most));
}

/** A finite number; both ends are allowed. */
export function between(least: number, most: number = Number.MAX_VALUE): Check {
  const limits = most >= Number.MAX_VALUE ? `of at least ${least}` : `from ${least} to ${most}`;
  return must(`Give a number ${limits}.`, (value) => isWithin(value, least, most));
}

export function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

/** One of a few names. */
export function oneOf(names: readonly string[]): Check {
  const all = names.map((name) => `"${name}"`).join(', ');
  return must(`Give one of ${all}.`, (value) => isText(value) && names.includes(value));
}

/** A part of the library or of the caller's own, known by its members. @param what "a tokenizer" */
export function having(what: string, ...members: readonly string[]): Check {
  return must(`Give ${what}: an object with ${members.join(', ')}.`, (value) => hasMembers(value, ...members));
}

/** @param what it holds, for the message: "texts" */
export function listOf(what: string, check: Check): Check {
  return (field, value) => {
    if (!Array.isArray(value)) throw badArgument(`${field} is ${said(value)}`, `Give a list of ${what}.`);
    for (const [index, one] of value.entries()) check(`${field}[${index}]`, one);
  };
}

/** Options within an option. */
export function record<Options>(checks: Checks<Options>): Check {
  return (field, value) => {
    if (!isObject(value)) throw badArgument(`${field} is ${said(value)}`, 'Give an object.');
    checkFields(field, '.', value, checks);
  };
}

/** A text that messages don't show. */
export function secret(mostBytes: number): Check {
  return (field, value) => {
    if (!isText(value))
      throw badArgument(`${field} is ${typeof value === 'object' ? said(value) : `a ${typeof value}`}`, 'Give a text.');
    const byteCount = encodeUtf8(value).length;
    if (byteCount > mostBytes) throw badArgument(`${field} has ${byteCount} bytes`, `Give at most ${mostBytes}.`);
  };
}

const shownLength = 40;

/** A value for a message, on one line. */
function said(value: unknown): string {
  if (value === undefined) return 'missing';
  if (isText(value)) {
    return JSON.stringify(value.length > shownLength ? `${value.slice(0, shownLength)}...` : value);
  }
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return value === null ? 'null' : 'an object';
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
