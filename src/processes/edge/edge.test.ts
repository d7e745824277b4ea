// The live edge with an engine that takes time, fails, or returns too few rows, and devices that speak during its steps.

import { describe, expect, it } from 'vitest';
import { type ModelScript, scriptModel } from '../../../laboratory/engine-conformance/scripted.ts';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { edgeKey } from '../../core/protocol/edge/edge-key.ts';
import type { OpenMessage } from '../../core/protocol/wire/messages.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import { Gate } from '../../models/port/gate.fixture.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { writeToyText } from '../../models/port/toy-text.ts';
import { startEdge } from './edge.ts';
import type { EdgeOptions } from './edge-options.ts';
import { RawDevice } from './raw-device.fixture.ts';

const seed = 21;
const answerTokens = 12;

async function bed(script: ModelScript, options: Partial<EdgeOptions> & { readonly sequences?: number } = {}) {
  const { sequences = 4, ...edgeOptions } = options;
  const evaluated: number[] = [];
  const toy = createToyModel({ seed, role: 'target', sequences, contextLength: 400 });
  const { beforeEvaluate } = script;
  const model = scriptModel(toy, {
    ...script,
    beforeEvaluate: async (items, call) => {
      await beforeEvaluate?.(items, call);
      for (const { tokens } of items) evaluated.push(...tokens);
    },
  });
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => void faults.push(error);
  const edge = await startEdge({ model, stepTime: linearStepTime(1, 0.01), onFault, lookUpTokens: 0, ...edgeOptions });
  let sessions = 0;
  const open = (prompt: readonly number[], changes: Partial<OpenMessage> = {}): RawDevice => {
    const session = (++sessions).toString(16).padStart(32, '0');
    const shared = { session, conversation: session, prompt, maxAnswerTokens: answerTokens };
    return new RawDevice(edge).open(toy, { ...shared, ...changes });
  };
  return { edge, open, faults, evaluated };
}

function promptOf(salt: number): number[] {
  return Array.from({ length: 6 }, (_, index) => 300 + 50 * salt + index);
}

async function expectWhole(device: RawDevice, prompt: readonly number[]): Promise<void> {
  await device.ended();
  expect(device.text).toEqual(await writeToyText(seed, prompt, neutralSampling, answerTokens));
}

describe('messages that arrive during a step', () => {
  it.each([0, 1, 2])('bye of session %d: every other session gets its own rows', async (leaver) => {
    const gate = new Gate();
    const { edge, open, faults } = await bed({ beforeEvaluate: () => gate.pass() });
    const prompts = [promptOf(1), promptOf(2), promptOf(3)];
    const devices = prompts.map((prompt) => open(prompt));
    await Promise.all(devices.map((device) => device.until(() => device.text.length >= 3)));
    gate.close();
    await gate.reached();
    devices[leaver]?.say({ kind: 'bye' });
    gate.open();
    for (const [index, device] of devices.entries()) {
      if (index !== leaver) await expectWhole(device, prompts[index] as number[]);
    }
    expect(faults).toEqual([]);
    expect(edge.status.sessions).toBe(2);
    await edge.close();
  });

  it('a second opening of the same session: the rows of the old text are not taken for the new one', async () => {
    const gate = new Gate();
    const { edge, open, faults } = await bed({ beforeEvaluate: () => gate.pass() });
    const session = 'ab'.repeat(16);
    const first = open(promptOf(1), { session });
    await first.until(() => first.text.length >= 3);
    gate.close();
    await gate.reached();
    const second = open(promptOf(2), { session, attempt: 2 });
    gate.open();
    await expectWhole(second, promptOf(2));
    expect(first.closed).toMatch(/superseded/);
    expect(faults).toEqual([]);
    await edge.close();
  });

  it('a newcomer: it gets the next step, and waits for no end', async () => {
    const gate = new Gate();
    const { edge, open } = await bed({ beforeEvaluate: () => gate.pass() });
    const first = open(promptOf(1), { maxAnswerTokens: 60 });
    await first.until(() => first.text.length >= 2);
    gate.close();
    await gate.reached();
    const second = open(promptOf(2));
    gate.open();
    await expectWhole(second, promptOf(2));
    expect(first.received.some(({ kind }) => kind === 'end')).toBe(false);
    await edge.close();
  });

  it('an acknowledgement: a session that flow control has paused writes on', async () => {
    const { edge, open } = await bed({});
    const prompt = promptOf(1);
    const device = open(prompt, { flowControlWindow: 16, maxAnswerTokens: 40 });
    await device.until(() => device.text.length >= 16);
    // The next session's whole answer is written meanwhile.
    await expectWhole(open(promptOf(2)), promptOf(2));
    expect(device.text).toHaveLength(16);
    device.say({ kind: 'ack', length: prompt.length + 10 });
    await device.until(() => device.text.length >= 26);
    await expectWhole(open(promptOf(3)), promptOf(3));
    expect(device.text).toHaveLength(26);
    await edge.close();
  });
});

describe('an engine that fails in one step', () => {
  const failing: ModelScript = {
    afterEvaluate: (results, _items, call) => {
      if (call === 4) throw new Error('out of memory');
      return results;
    },
  };

  it('has an empty sequence for the next turn of the conversation', async () => {
    const { edge, open, faults, evaluated } = await bed(failing, { sequences: 1 });
    const conversation = 'cd'.repeat(16);
    const first = open(promptOf(1), { conversation });
    await first.ended();
    expect(first.received.at(-1)).toMatchObject({ kind: 'refused', code: 'internal' });
    expect(faults).toHaveLength(1);
    evaluated.length = 0;
    const second = open(promptOf(1), { conversation });
    await expectWhole(second, promptOf(1));
    // Nothing of the failed turn is taken over, so the whole prompt is evaluated.
    expect(evaluated.slice(0, 6)).toEqual(promptOf(1));
    await edge.close();
  });

  it('fails the sessions of this step, and no others', async () => {
    const { edge, open } = await bed(failing, { keepLostMs: 10_000 });
    const first = open(promptOf(1));
    await first.ended();
    expect(first.received.at(-1)).toMatchObject({ kind: 'refused', code: 'internal' });
    await expectWhole(open(promptOf(2)), promptOf(2));
    expect(edge.status).toMatchObject({ failures: 1, sessions: 1 });
    await edge.close();
  });
});

describe('an engine that returns wrong numbers of rows', () => {
  it.each([
    ['no item at all', []],
    ['an item without rows', [[]]],
  ])('%s: the session fails, and the next turn is right', async (_name, wrong) => {
    const { edge, open } = await bed({ afterEvaluate: (results, _items, call) => (call === 3 ? wrong : results) });
    const conversation = 'cd'.repeat(16);
    const first = open(promptOf(1), { conversation });
    await first.ended();
    expect(first.received.at(-1)).toMatchObject({ kind: 'refused', code: 'internal' });
    await expectWhole(open(promptOf(1), { conversation }), promptOf(1));
    await edge.close();
  });
});

describe('prompt memory', () => {
  const keys = new Map([
    ['key of a', edgeKey('a')],
    ['key of b', edgeKey('b')],
  ]);

  interface Case {
    readonly first: Partial<OpenMessage>;
    readonly second: Partial<OpenMessage>;
    readonly sequences?: number;
    readonly isKeyed?: boolean;
  }

  /** Tokens that the engine evaluates before the first token of the second turn, and the time to it at 10 ms a token. */
  async function evaluatedAgain({ first, second, sequences = 2, isKeyed = true }: Case) {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, after: () => () => {} };
    const script: ModelScript = {
      beforeEvaluate: (items) => {
        for (const { tokens } of items) nowMs += 10 * tokens.length;
      },
    };
    const keyOf = isKeyed ? { keyOf: (shown: string) => keys.get(shown) ?? null } : {};
    const { edge, open, evaluated } = await bed(script, { ...keyOf, sequences, clock });
    const prompt = promptOf(1);
    const one = open(prompt, { maxAnswerTokens: 1, ...first });
    await one.ended();
    one.say({ kind: 'bye' });
    evaluated.length = 0;
    const startMs = nowMs;
    const other = open(prompt, { maxAnswerTokens: 1, ...second });
    await other.ended();
    await edge.close();
    const held = other.received.find((message) => message.kind === 'held')?.tokens;
    return { tokens: evaluated.length, ms: nowMs - startMs, held };
  }

  const conversation = 'cd'.repeat(16);
  const namespace = 'a0'.repeat(16);
  const own = { conversation, credentials: 'key of a' };
  const another = { conversation: 'ef'.repeat(16) };

  it.each<[string, Case]>([
    ['the same key, whatever the conversation', { first: own, second: { ...own, ...another } }],
    ['the same namespace', { first: { ...own, namespace }, second: { ...own, ...another, namespace } }],
    ['the same conversation without keys', { first: { conversation }, second: { conversation }, isKeyed: false }],
  ])('is kept for %s', async (_whom, turns) => {
    expect(await evaluatedAgain(turns)).toEqual({ tokens: 1, ms: 10, held: 5 });
  });

  const strangers: [string, Case][] = [
    ['another key', { first: own, second: { ...own, credentials: 'key of b' } }],
    ['a namespace of the key', { first: own, second: { ...own, namespace } }],
    ['the key without its namespace', { first: { ...own, namespace }, second: own }],
    ['another namespace', { first: { ...own, namespace }, second: { ...own, namespace: `${namespace.slice(1)}1` } }],
    [
      'its namespace with another key',
      { first: { ...own, namespace }, second: { ...own, namespace, credentials: 'key of b' } },
    ],
    ['another conversation without keys', { first: { conversation }, second: another, isKeyed: false }],
    [
      'another namespace without keys',
      { first: { conversation }, second: { conversation, namespace }, isKeyed: false },
    ],
  ];
  it.each(strangers.flatMap(([whom, turns]) => [1, 2].map((sequences) => [whom, sequences, turns] as const)))(
    'is not used for %s, by counts and time, %d sequences',
    async (_whom, sequences, turns) => {
      expect(await evaluatedAgain({ ...turns, sequences })).toEqual({ tokens: 6, ms: 60, held: 0 });
    },
  );

  it('stays as it is where the logprobs of a prompt need all rows, which a quota counts', async () => {
    const limited = edgeKey('a', { rowsPerMinute: 20 });
    const { edge, open, evaluated } = await bed({}, { sequences: 2, keyOf: () => limited });
    const prompt = promptOf(1);
    const scored = [...prompt.slice(0, 4), 7, 8];
    const last = async (ids: readonly number[], changes: Partial<OpenMessage> = {}) => {
      evaluated.length = 0;
      const device = open(ids, { ...own, maxAnswerTokens: 1, ...changes });
      await device.ended();
      device.say({ kind: 'bye' });
      return device.received.at(-1);
    };
    await last(prompt);
    await last(scored, { promptLogprobs: 0 });
    expect(evaluated).toEqual(scored);
    expect(await last(prompt)).toMatchObject({ kind: 'end' });
    expect(evaluated).toEqual(prompt.slice(-1));
    // 13 of 20 rows are used.
    await last(prompt);
    await last(prompt);
    expect(await last(prompt, { promptLogprobs: 0 })).toMatchObject({ kind: 'refused', code: 'quota-used' });
    expect(await last(prompt)).toMatchObject({ kind: 'end' });
    await edge.close();
  });
});

describe('the account of an edge', () => {
  it('counts steps, rows, prompt tokens, and the time in the engine and around it', async () => {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, after: () => () => {} };
    const script: ModelScript = {
      beforeEvaluate: () => {
        nowMs += 10;
      },
    };
    const { edge, open } = await bed(script, { clock });
    const prompt = promptOf(1);
    await expectWhole(open(prompt), prompt);
    // One step for the prompt but its last token, then one for each token of the answer.
    expect(edge.status).toMatchObject({ steps: 1 + answerTokens, prefillTokens: 5, rows: answerTokens, failures: 0 });
    expect(edge.status).toMatchObject({ busyMs: 130, roundMs: 130 });
    expect(edge.status.p99StepMs).toBeGreaterThanOrEqual(10);
    expect(edge.status.p99StepMs).toBeLessThan(11);
    await edge.close();
  });

  it('learns the time of a step, not that of a prompt', async () => {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, after: () => () => {} };
    const script: ModelScript = {
      beforeEvaluate: (items) => {
        nowMs += items[0]?.rows === 0 ? 5000 : 40;
      },
    };
    const { edge, open } = await bed(script, { clock });
    const hello = open(promptOf(1), { maxAnswerTokens: 40 });
    await hello.ended();
    const greeted = new RawDevice(edge).received[0];
    const oneRowMs = greeted?.kind === 'hello' ? (greeted.timing.stepMs?.[0] ?? 0) : 0;
    expect(oneRowMs).toBeGreaterThan(10);
    expect(oneRowMs).toBeLessThanOrEqual(41);
    await edge.close();
  });
});
