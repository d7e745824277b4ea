// What is asked for where an answer has a form: JSON of a schema, and calls of tools. All values are bounded, so that even a toy, which writes
// no sense, comes to an end.

import { z } from 'zod';
import { demand } from './call.ts';

/** The state of a lamp. */
export const lampSchema: z.ZodType<Lamp> = z.object({
  room: z.enum(['kitchen', 'hall', 'attic']),
  on: z.boolean(),
  colours: z
    .array(z.enum(['red', 'green', 'blue']))
    .min(1)
    .max(3),
});

export interface Lamp {
  readonly room: 'kitchen' | 'hall' | 'attic';
  readonly on: boolean;
  readonly colours: readonly ('red' | 'green' | 'blue')[];
}

/** Name, words and JSON schema of the parameters. */
export interface ToolWords {
  readonly name: string;
  readonly description: string;
  readonly parameters: Record<string, unknown> & { readonly type: 'object' };
}

export const lampTool: ToolWords = {
  name: 'set_lamp',
  description: 'Switches a lamp of the house.',
  parameters: {
    type: 'object',
    properties: { room: { type: 'string', enum: ['kitchen', 'hall', 'attic'] }, on: { type: 'boolean' } },
    required: ['room', 'on'],
    additionalProperties: false,
  },
};
/** It has no parameters. */
export const timeTool: ToolWords = {
  name: 'get_time',
  description: 'Tells the time of day.',
  parameters: { type: 'object', properties: {} },
};
export const bothTools: readonly ToolWords[] = [lampTool, timeTool];

/** A call as any client has it. */
export interface CallHeard {
  readonly name: string;
  /** JSON, or what was read from it. */
  readonly input: unknown;
}

const lampInput = z.strictObject({ room: z.enum(['kitchen', 'hall', 'attic']), on: z.boolean() });

/** The calls as a text, for comparison. @throws Error where there is none, or one that is not as its tool says */
export function callsText(calls: readonly CallHeard[], most: number = Number.POSITIVE_INFINITY): string {
  demand(calls.length > 0, 'no tool was called');
  demand(calls.length <= most, `${calls.length} calls, ${most} were asked for`);
  const read = calls.map(({ name, input }) => ({ name, input: typeof input === 'string' ? JSON.parse(input) : input }));
  for (const { name, input } of read) {
    const known = bothTools.some((tool) => tool.name === name);
    demand(known, `there is no tool ${name}`);
    const fits = name === lampTool.name ? lampInput.safeParse(input).success : JSON.stringify(input) === '{}';
    demand(fits, `${name} does not take ${JSON.stringify(input)}`);
  }
  return JSON.stringify(read);
}

/** JSON of the schema as a text, for comparison. @throws Error where it does not fit */
export function lampText(value: unknown): string {
  const { success } = lampSchema.safeParse(value);
  demand(success, `${JSON.stringify(value)} does not fit the schema`);
  return JSON.stringify(value);
}

/** Enough for a form of this size, whatever the tokens. */
export const formTokens = 160;
