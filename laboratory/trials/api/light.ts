// What is asked for where an answer has a form: JSON of a schema, and calls of tools. All values are bounded, so that even a toy, which writes
// no sense, comes to an end.

import { z } from 'zod';
import { type Answer, demand } from './call.ts';

const rooms = ['kitchen', 'hall', 'attic'] as const;
const colours = ['red', 'green', 'blue'] as const;
const room = z.enum(rooms);

export interface Lamp {
  readonly room: (typeof rooms)[number];
  readonly on: boolean;
  readonly colours: readonly (typeof colours)[number][];
}

/** The state of a lamp. */
export const lampSchema: z.ZodType<Lamp> = z.object({
  room,
  on: z.boolean(),
  colours: z.array(z.enum(colours)).min(1).max(3),
});

/** The same as JSON schema. */
export const lampJsonSchema: object = {
  type: 'object',
  properties: {
    room: { type: 'string', enum: rooms },
    on: { type: 'boolean' },
    colours: { type: 'array', items: { type: 'string', enum: colours }, minItems: 1, maxItems: 3 },
  },
  required: ['room', 'on', 'colours'],
  additionalProperties: false,
};

/** The only lamp of {@link oneLampJsonSchema}. */
export const oneLamp: Lamp & { readonly note: string } = {
  room: 'attic',
  on: true,
  colours: ['blue'],
  note: 'The lamp in the attic is on. It is blue, and it stays on until the morning.',
};

/** A schema with one text, whatever the seed: for clients that send none. */
export const oneLampJsonSchema: object = {
  type: 'object',
  properties: {
    room: { type: 'string', enum: [oneLamp.room] },
    on: { type: 'boolean', enum: [oneLamp.on] },
    colours: { type: 'array', items: { type: 'string', enum: oneLamp.colours }, minItems: 1, maxItems: 1 },
    note: { type: 'string', enum: [oneLamp.note] },
  },
  required: ['room', 'on', 'colours', 'note'],
  additionalProperties: false,
};

/** A tool: its name, words and JSON schema of the parameters. */
interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Record<string, unknown> & { readonly type: 'object' };
}

export const lampTool: Tool = {
  name: 'set_lamp',
  description: 'Switches a lamp of the house.',
  parameters: {
    type: 'object',
    properties: { room: { type: 'string', enum: rooms }, on: { type: 'boolean' } },
    required: ['room', 'on'],
    additionalProperties: false,
  },
};
/** It has no parameters. */
const timeTool: Tool = {
  name: 'get_time',
  description: 'Tells the time of day.',
  parameters: { type: 'object', properties: {} },
};
export const tools: readonly Tool[] = [lampTool, timeTool];
const inputs = new Map([
  [lampTool.name, z.strictObject({ room, on: z.boolean() })],
  [timeTool.name, z.strictObject({})],
]);

/** The parameters of a call in an earlier answer, and its result. */
export const earlierInput: Partial<Lamp> = { room: 'hall', on: true };
export const earlierResult = 'The lamp is on.';

/** Readers of an answer for `callsBy`: the text to compare. @throws Error for an answer that is wrong */
export const read = {
  lamp({ parsed }: Answer): string {
    demand(lampSchema.safeParse(parsed).success, `${JSON.stringify(parsed)} does not fit the schema`);
    return JSON.stringify(parsed);
  },
  calls({ calls = [], end = 'tool_calls' }: Answer): string {
    demand(calls.length > 0, 'no tool was called');
    demand(/^tool.(calls|use)$/.test(`${end}`), `the answer ended by ${end}, not by a call`);
    const inputOf = (input: unknown): unknown => (typeof input === 'string' ? JSON.parse(input) : input);
    const called = calls.map(({ name, input }) => ({ name, input: inputOf(input) }));
    for (const { name, input } of called) {
      const known = inputs.get(name);
      demand(known !== undefined, `there is no tool ${name}`);
      demand(known.safeParse(input).success, `${name} does not take ${JSON.stringify(input)}`);
    }
    return JSON.stringify(called);
  },
  oneCall(answer: Answer): string {
    const count = answer.calls?.length ?? 0;
    demand(count <= 1, `${count} calls, 1 was asked for`);
    return read.calls(answer);
  },
  lampCall(answer: Answer): string {
    const name = answer.calls?.[0]?.name;
    demand(name === lampTool.name, `${name} was called`);
    return read.oneCall(answer);
  },
  textAndCount({ text, calls = [] }: Answer): string {
    return `${text}${calls.length}`;
  },
  /** An object without a schema may be longer than the answer. */
  object({ text, end }: Answer): string {
    if (end === 'stop') JSON.parse(text);
    demand(text.startsWith('{'), `${text.slice(0, 40)} is no object`);
    return text;
  },
};
