// Nothing that is given to an edge can end it or leave its sessions hanging: a throw is planted in every callback of its options, every call
// of the clock, the engine and the draft model, and each time the sessions end in time and later ones are served.

import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/basics/clock.ts';
import { OutriderError } from '../../src/core/basics/errors.ts';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { anyone } from '../../src/core/protocol/edge/edge-key.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import type { LanguageModel, ModelSequence } from '../../src/models/port/model.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { createInMemoryNetwork } from '../../src/network/transport/in-memory.ts';
import { machineClock } from '../../src/network/transport/machine-clock.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import type { TurnOptions } from '../../src/processes/device/turn-options.ts';
import { type Edge, startEdge } from '../../src/processes/edge/edge.ts';
import type { EdgeOptions } from '../../src/processes/edge/edge-options.ts';
import { toyPrompt, toyReference, toySeed } from './toy-edge.ts';

/** Names of the functions of a type. */
type FunctionsOf<Options> = {
  [Name in keyof Options]-?: NonNullable<Options[Name]> extends (...args: never[]) => unknown ? Name : never;
}[keyof Options];

/** What is planted: an edge with it throws `/home/operator/…` wherever the case says, while `isOn`. */
interface Plant {
  isOn: boolean;
  calls: number;
}

/** A message as engines have: with a path, which no device may see. */
const secret = '/home/operator/models/private.gguf can not be read';

function plantedIn(plant: Plant): never {
  plant.calls += 1;
  throw new Error(secret);
}

const toy = (): LanguageModel => createToyModel({ seed: toySeed, role: 'target', sequences: 4, contextLength: 256 });

function trap<Args extends unknown[], Value>(plant: Plant, work: (...args: Args) => Value): (...args: Args) => Value {
  return (...args) => (plant.isOn ? plantedIn(plant) : work(...args));
}

type Case = (plant: Plant) => Partial<EdgeOptions>;

/** Typed by the names of the options: a new callback without a case here does not compile. */
const callbacks: Record<FunctionsOf<EdgeOptions>, Case> = {
  shareOf: (plant) => ({ shareOf: trap(plant, () => 1) }),
  keyOf: (plant) => ({ keyOf: trap(plant, () => anyone) }),
  onFault: (plant) => ({ onFault: trap(plant, () => {}), onEvent: trap(plant, () => {}) }),
  onEvent: (plant) => ({ onEvent: trap(plant, () => {}) }),
};

const clocks: Record<keyof Clock, Case> = {
  nowMs: (plant) => ({ clock: { ...machineClock, nowMs: trap(plant, () => machineClock.nowMs()) } }),
  after: (plant) => ({
    clock: { ...machineClock, after: trap(plant, (delayMs, callback) => machineClock.after(delayMs, callback)) },
  }),
};

const engines: Record<Exclude<FunctionsOf<LanguageModel>, typeof Symbol.asyncDispose | 'close'>, Case> = {
  openSequence: (plant) => changed((model) => ({ openSequence: trap(plant, () => model.openSequence()) })),
  evaluate: (plant) => changed((model) => ({ evaluate: trap(plant, (items) => model.evaluate(items)) })),
  giveUp: (plant) => changed(() => ({ isWaiting: true, giveUp: trap(plant, () => {}) })),
};

const sequences: Record<'truncate' | 'release', Case> = {
  truncate: (plant) => sequenceWith((inner) => ({ truncate: trap(plant, (length) => inner.truncate(length)) })),
  release: (plant) => sequenceWith((inner) => ({ release: trap(plant, () => inner.release()) })),
};

const tokenizers: Record<'bytes', Case> = {
  bytes: (plant) =>
    changed((model) => ({ tokenizer: { ...model.tokenizer, bytes: trap(plant, model.tokenizer.bytes) } })),
};

function changed(change: (model: LanguageModel) => Partial<LanguageModel>): Partial<EdgeOptions> {
  const model = toy();
  return { model: { ...model, ...change(model) } };
}

function sequenceWith(change: (inner: ModelSequence) => Partial<ModelSequence>): Partial<EdgeOptions> {
  const model = toy();
  const inner = new Map<ModelSequence, ModelSequence>();
  return {
    model: {
      ...model,
      openSequence: () => {
        const sequence = model.openSequence();
        const own: ModelSequence = {
          get length() {
            return sequence.length;
          },
          truncate: (length) => sequence.truncate(length),
          release: () => sequence.release(),
          ...change(sequence),
        };
        inner.set(own, sequence);
        return own;
      },
      evaluate: (items) =>
        model.evaluate(items.map((item) => ({ ...item, sequence: inner.get(item.sequence) ?? item.sequence }))),
    },
  };
}

interface Served {
  readonly edge: Edge;
  readonly ask: (more?: Partial<TurnOptions>) => ReturnType<typeof startTurn>;
  readonly faults: readonly unknown[];
}

async function serve(options: Partial<EdgeOptions>): Promise<Served> {
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => void faults.push(error);
  const edge = await startEdge({ model: toy(), stepTime: linearStepTime(1, 0.01), onFault, ...options });
  const { connect } = createInMemoryNetwork(edge.accept);
  const { tokenizer } = toy();
  const ask: Served['ask'] = (more) =>
    startTurn({
      connect,
      tokenizer,
      drafter: null,
      prompt: toyPrompt,
      maxAnswerTokens: 30,
      giveUpAfterMs: 300,
      ...more,
    });
  return { edge, ask, faults };
}

async function expectServed({ ask }: Served): Promise<void> {
  const report = await ask().report;
  expect(report.outcome).toMatchObject({ kind: 'ended' });
  expect(report.tokens).toEqual(await toyReference(neutralSampling, 30));
}

const table = { ...callbacks, ...clocks, ...engines, ...sequences, ...tokenizers };

describe('a throw in a function that an edge was given', () => {
  it.each(Object.entries(table))('%s: sessions end, later ones are served', async (name, plantCase) => {
    const plant: Plant = { isOn: false, calls: 0 };
    const served = await serve(plantCase(plant));
    await expectServed(served);
    plant.isOn = true;
    // A prompt that shares its start with the first one, so that a sequence is truncated; a stop string, so that bytes are read.
    const others = [70, 71, 9, 8, 7];
    const conversation = '00'.repeat(16);
    const asked = [
      {},
      { prompt: others },
      { stopStrings: ['never'] },
      { conversation },
      { prompt: others, conversation },
    ];
    const reports = [];
    for (const more of asked) reports.push(await served.ask(more).report);
    for (const { outcome } of reports) {
      if (outcome.kind !== 'failed') continue;
      expect(`${outcome.cause} ${outcome.remedy}`).not.toContain('operator/models');
      expect(['internal', 'edge-unreachable']).toContain(outcome.code);
    }
    plant.isOn = false;
    await expectServed(served);
    expect(served.edge.status).toMatchObject({ state: 'serving' });
    if (name === 'release' || name === 'giveUp') plant.isOn = true;
    // What fails while the edge closes is reported as well.
    await served.edge.close();
    expect(plant.calls).toBeGreaterThan(0);
    if (name !== 'onFault') expect(served.faults.length).toBeGreaterThan(0);
  });

  it('in the planning of every step: the sessions are told, the loop goes on', async () => {
    const plant: Plant = { isOn: false, calls: 0 };
    const stepTime = new Proxy(linearStepTime(1, 0.01), {
      get: (target, name) => (name === 'calls' && plant.isOn ? plantedIn(plant) : Reflect.get(target, name)),
    });
    const served = await serve({ stepTime, learnsStepTime: false });
    const running = served.ask({ maxAnswerTokens: 200 });
    await running[Symbol.asyncIterator]().next();
    plant.isOn = true;
    await expect.poll(() => served.faults.length).toBeGreaterThan(0);
    expect((await running.report).outcome).toMatchObject({ kind: 'failed', cause: 'the engine failed' });
    plant.isOn = false;
    await expectServed(served);
    await served.edge.close();
  });

  it('reports the same words once', async () => {
    const served = await serve({ onEvent: () => plantedIn({ isOn: true, calls: 0 }) });
    await expectServed(served);
    expect(served.faults).toHaveLength(1);
    await served.edge.close();
  });

  it('takes a callback that rejects', async () => {
    const served = await serve({ onEvent: async () => plantedIn({ isOn: true, calls: 0 }) });
    await expectServed(served);
    expect(served.faults).toHaveLength(1);
    await served.edge.close();
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a session whose share is %d', async (share) => {
    let given = share;
    const served = await serve({ shareOf: () => given });
    expect((await served.ask().report).outcome).toMatchObject({ kind: 'failed', code: 'internal' });
    given = 1;
    await expectServed(served);
    await served.edge.close();
  });
});

describe('an engine that returns too few rows', () => {
  it('fails only the session without rows', async () => {
    const model = toy();
    // Prompts of the broken session begin with 9.
    let broken: unknown = null;
    const served = await serve({
      model: {
        ...model,
        evaluate: async (items) => {
          const results = await model.evaluate(items);
          for (const { tokens, sequence } of items) if (tokens[0] === 9) broken = sequence;
          return results.map((rows, index) => (items[index]?.sequence === broken ? rows.slice(1) : rows));
        },
      },
    });
    const turns = [served.ask(), served.ask({ prompt: [9, 9, 9] }), served.ask()];
    const [one, failed, other] = await Promise.all(turns.map(({ report }) => report));
    expect(failed?.outcome).toMatchObject({ kind: 'failed', code: 'internal' });
    const reference = await toyReference(neutralSampling, 30);
    for (const turn of [one, other]) expect(turn?.tokens).toEqual(reference);
    await served.edge.close();
  });
});

describe('a model that computes no numbers', () => {
  it('ends the answers of its step with engine-failed, and goes on with others', async () => {
    const model = toy();
    let isDamaged = false;
    const served = await serve({
      model: {
        ...model,
        evaluate: async (items) => {
          if (isDamaged) throw new OutriderError('engine-failed', 'the model computes no numbers: NaN', 'get it again');
          return model.evaluate(items);
        },
      },
    });
    await expectServed(served);
    isDamaged = true;
    expect((await served.ask().report).outcome).toMatchObject({
      ...{ kind: 'failed', code: 'engine-failed' },
      remedy: expect.stringContaining('another edge'),
    });
    expect(served.faults.map(String).join()).toContain('NaN');
    isDamaged = false;
    await expectServed(served);
    await served.edge.close();
  });
});

describe('an engine that hangs', () => {
  it('is reported, its devices are told in time, new ones are refused, and it is used again when it returns', async () => {
    const model = toy();
    let release = (): void => {};
    let hangs = false;
    const served = await serve({
      stallAfterMs: 50,
      model: {
        ...model,
        evaluate: async (items) => {
          if (hangs) await new Promise<void>((resolve) => (release = resolve));
          return model.evaluate(items);
        },
      },
    });
    await expectServed(served);
    hangs = true;
    const waiting = [served.ask(), served.ask()];
    for (const { report } of waiting) {
      expect((await report).outcome).toMatchObject({ kind: 'failed', code: 'internal', cause: 'the engine failed' });
    }
    expect(served.edge.status.state).toBe('stalled');
    expect(served.faults.map(String).join()).toContain('has not returned');
    expect((await served.ask().report).outcome).toMatchObject({ kind: 'failed', code: 'internal' });
    hangs = false;
    release();
    await expect.poll(() => served.edge.status.state).toBe('serving');
    await expectServed(served);
    await served.edge.close();
  });

  it('does not keep the edge from closing', async () => {
    const served = await serve({ stallAfterMs: 50, model: { ...toy(), evaluate: () => new Promise(() => {}) } });
    const turn = served.ask();
    await turn.report;
    await served.edge.close();
    expect(served.edge.status.state).toBe('closed');
  });

  it('fails only sessions that draft on the edge where the draft model hangs', async () => {
    const draft = {
      ...createToyModel({ seed: toySeed, role: 'draft', agreement: 1 }),
      evaluate: () => new Promise<never>(() => {}),
    };
    const honest = createToyModel({ seed: toySeed, role: 'draft', agreement: 1 });
    let hangs = false;
    const model: LanguageModel = { ...draft, evaluate: (items) => (hangs ? draft.evaluate() : honest.evaluate(items)) };
    const served = await serve({
      stallAfterMs: 50,
      draft: { model: { ...model, openSequence: () => honest.openSequence() }, draftLength: 2 },
    });
    hangs = true;
    const [drafting, plain] = [served.ask({ mode: 'edge-sd' }), served.ask()];
    expect((await plain.report).tokens).toEqual(await toyReference(neutralSampling, 30));
    expect((await drafting.report).outcome).toMatchObject({ kind: 'failed', code: 'internal' });
    await served.edge.close().catch(() => {});
  });
});
