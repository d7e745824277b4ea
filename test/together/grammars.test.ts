// Answers that follow a grammar, and logprobs, on a live edge with a toy target: the same text whatever is drafted.

import { afterAll, describe, expect, it } from 'vitest';
import { scriptModel } from '../../laboratory/engine-conformance/scripted.ts';
import type { Grammar } from '../../src/core/decoding/grammar.ts';
import { neutralSampling, type SamplingOptions } from '../../src/core/decoding/sampling.ts';
import type { ModeName } from '../../src/core/protocol/wire/mode.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import { createGrammarEngine } from '../../src/models/engines/xgrammar.ts';
import { ModelDrafter } from '../../src/models/port/drafter.ts';
import { GrammarDrafter } from '../../src/models/port/grammar-drafter.ts';
import type { GrammarEngine } from '../../src/models/port/grammar-engine.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createInMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { createDevice } from '../../src/processes/device/device.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { startEdge } from '../../src/processes/edge/edge.ts';
import type { EdgeOptions } from '../../src/processes/edge/edge-options.ts';

const seed = 5;
const vocabularySize = 2048;
const target = createToyModel({ seed, role: 'target', vocabularySize, sequences: 4 });
const grammars = createGrammarEngine(target.tokenizer, { compileWork: 5e9 });
afterAll(() => grammars[Symbol.asyncDispose]());

const schemaOf = (schema: object): Grammar => ({ kind: 'json-schema', text: JSON.stringify(schema) });
const order = schemaOf({
  type: 'object',
  properties: {
    size: { enum: ['small', 'middle', 'large'] },
    count: { type: 'integer', minimum: 1, maximum: 99 },
    gift: { type: 'boolean' },
  },
  required: ['size', 'count', 'gift'],
  additionalProperties: false,
});

interface Asked {
  readonly grammar?: Grammar | undefined;
  readonly topLogprobs?: number;
  readonly mode?: ModeName;
  readonly agreement?: number;
  readonly sampling?: SamplingOptions;
  readonly maxAnswerTokens?: number;
  readonly options?: Partial<EdgeOptions>;
  /** Whether the drafter knows the grammar as well. */
  readonly isGuided?: boolean;
}

async function ask({
  mode = 'ar',
  agreement,
  sampling = {},
  maxAnswerTokens = 80,
  options,
  isGuided,
  ...asked
}: Asked) {
  const edge = await startEdge({ model: target, stepTime: linearStepTime(1, 0.01), grammars, ...options });
  const network = createInMemoryNetwork(edge.accept);
  const { tokenizer } = target;
  const draft = createToyModel({ seed, role: 'draft', vocabularySize, agreement: agreement ?? 1 });
  let passes = 0;
  const counted = scriptModel(draft, {
    beforeEvaluate: () => {
      passes += 1;
    },
  });
  const inner = agreement === undefined ? null : new ModelDrafter(counted);
  const { grammar } = asked;
  const matcher = isGuided === true && grammar !== undefined ? await grammars.open(grammar) : null;
  const drafter =
    inner === null || matcher === null ? inner : new GrammarDrafter(inner, tokenizer, Promise.resolve(matcher));
  const device = createDevice({ edge: network.connect, tokenizer, drafter });
  const prompt = tokenizer.encode('order');
  const turn = startTurn({
    ...{ connect: device.edges, tokenizer, drafter, prompt, mode, sampling, maxAnswerTokens, ...asked },
  });
  const logprobs: { readonly id: number; readonly logprob: number; readonly top: readonly object[] }[] = [];
  try {
    for await (const emission of turn) logprobs.push(...(emission.logprobs ?? []));
  } catch {
    // The report has it.
  }
  const report = await turn.report;
  await edge.close();
  return { report, logprobs, passes };
}

describe('an answer with a grammar', () => {
  const samplings: SamplingOptions[] = [{}, { temperature: 1.5, seed: 7 }, { temperature: 3, topP: 0.9, seed: 8 }];

  it.each(samplings)('is a text of it, the same in every mode and with any draft: %o', async (sampling) => {
    const { report } = await ask({ grammar: order, sampling });
    expect(report.outcome).toMatchObject({ kind: 'ended', reason: 'end-token' });
    const value = JSON.parse(report.text);
    expect(Object.keys(value)).toEqual(['size', 'count', 'gift']);
    expect(['small', 'middle', 'large']).toContain(value.size);
    for (const mode of ['stream', 'sd', 'psd', 'mix'] as const) {
      const drafted = await ask({ grammar: order, sampling, mode, agreement: 0.7 });
      expect(drafted.report.tokens, mode).toEqual(report.tokens);
    }
  });

  it('may be cut by the longest length, and goes on in it after its edge was lost', async () => {
    const { report } = await ask({ grammar: order, maxAnswerTokens: 9 });
    expect(report.outcome).toMatchObject({ kind: 'ended', reason: 'length' });
    const whole = await ask({ grammar: order });
    expect(whole.report.text.startsWith(report.text)).toBe(true);
  });

  it.each([
    ['that no text fits', schemaOf({ enum: [] }), /grammar/],
    ['that is no JSON', { kind: 'json-schema', text: '{"type":' } as const, /Failed to parse JSON/],
    ['whose type nobody knows', schemaOf({ type: 'objekt' }), /Unsupported type/],
    [
      'that refers to itself only',
      schemaOf({ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }),
      /no text fits/,
    ],
    [
      'that nests without end',
      { kind: 'json-schema', text: `${'{"items":'.repeat(3000)}{}${'}'.repeat(3000)}` } as const,
      /grammar/,
    ],
  ])('%s is refused, and the next one is followed', async (_name, grammar, words) => {
    const { report } = await ask({ grammar });
    expect(report.outcome).toMatchObject({ kind: 'failed', code: 'bad-argument', cause: expect.stringMatching(words) });
    expect((await ask({ grammar: order })).report.outcome.kind).toBe('ended');
  });

  it('is followed by an edge that was given no grammars: it makes its own', async () => {
    const own = await ask({ grammar: order, options: { grammars: undefined } });
    expect(own.report.outcome.kind).toBe('ended');
    expect(own.report.text).toBe((await ask({ grammar: order })).report.text);
  });

  it('is refused by an edge that was told to have none', async () => {
    const { report } = await ask({ grammar: order, options: { grammars: null } });
    expect(report.outcome).toMatchObject({ kind: 'failed', code: 'bad-argument' });
  });
});

describe('masks that are late', () => {
  /** Opens real grammars whose masks wait for the test. */
  function lateGrammars() {
    const gate = Promise.withResolvers<void>();
    const state = { asked: 0 };
    const engine: GrammarEngine = {
      async open(grammar) {
        const matcher = await grammars.open(grammar);
        return {
          next: (...text) => matcher.next(...text),
          close: () => matcher.close(),
          async masks(...text) {
            state.asked += 1;
            await gate.promise;
            return matcher.masks(...text);
          },
        };
      },
      async [Symbol.asyncDispose](): Promise<void> {},
    };
    return { engine, gate, state };
  }

  it('make their own session miss steps, and no other', async () => {
    const { report } = await ask({ grammar: order });
    const late = lateGrammars();
    await using edge = await startEdge({ model: target, stepTime: linearStepTime(1, 0.01), grammars: late.engine });
    const network = createInMemoryNetwork(edge.accept);
    const device = createDevice({ edge: network.connect, tokenizer: target.tokenizer, drafter: null });
    const begin = (grammar?: Grammar) =>
      startTurn({
        ...{ connect: device.edges, tokenizer: target.tokenizer, drafter: null, mode: 'ar', maxAnswerTokens: 80 },
        ...{ prompt: target.tokenizer.encode('order'), sampling: {}, ...(grammar === undefined ? {} : { grammar }) },
      });
    const slow = begin(order);
    await expect.poll(() => late.state.asked).toBe(1);
    const others = await Promise.all([begin().report, begin().report]);
    expect(others.map(({ outcome }) => outcome.kind)).toEqual(['ended', 'ended']);
    late.gate.resolve();
    expect((await slow.report).tokens).toEqual(report.tokens);
  });
});

describe('drafts that know the grammar', () => {
  it('are the text in more places, cost fewer passes, and change no text', async () => {
    const plain = await ask({ grammar: order, mode: 'stream', agreement: 0.5 });
    const guided = await ask({ grammar: order, mode: 'stream', agreement: 0.5, isGuided: true });
    expect(guided.report.tokens).toEqual(plain.report.tokens);
    expect(guided.report.acceptedTokens).toBeGreaterThan(plain.report.acceptedTokens);
    expect(guided.passes).toBeLessThan(guided.report.draftedTokens);
  });

  it('go on without it where it can not be opened', async () => {
    const opened = Promise.reject(new Error('no grammar'));
    const inner = { draft: async () => ({ token: 7, confidence: 1 }), [Symbol.asyncDispose]: async () => {} };
    await using drafter = new GrammarDrafter(inner, target.tokenizer, opened);
    const request = { text: [1, 2, 3], promptLength: 2, committedLength: 2, sampling: neutralSampling };
    expect(await drafter.draft(request)).toEqual({ token: 7, confidence: 1 });
  });
});

describe('logprobs', () => {
  it('come for each token, the same with drafts, and sum to at most one', async () => {
    const asked = { topLogprobs: 3, maxAnswerTokens: 30, sampling: { temperature: 1, seed: 4 } };
    const plain = await ask(asked);
    expect(plain.logprobs.map(({ id }) => id)).toEqual(plain.report.tokens);
    for (const { logprob, top } of plain.logprobs) {
      expect(logprob).toBeLessThanOrEqual(0);
      expect(top).toHaveLength(3);
      expect(top.reduce((sum, one) => sum + Math.exp((one as { logprob: number }).logprob), 0)).toBeLessThanOrEqual(
        1.0001,
      );
    }
    const drafted = await ask({ ...asked, mode: 'stream', agreement: 0.8 });
    expect(drafted.logprobs).toEqual(plain.logprobs);
    expect(drafted.report.acceptedTokens).toBeGreaterThan(0);
    expect((await ask({ maxAnswerTokens: 5 })).logprobs).toEqual([]);
  });
});

describe('bias', () => {
  it('acts on the whole vocabulary', async () => {
    const byte = target.tokenizer.encode('~')[0] as number;
    const { report } = await ask({ sampling: { logitBias: [[byte, 100]] }, maxAnswerTokens: 4 });
    expect(report.text).toBe('~~~~');
  });
});
