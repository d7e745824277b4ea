// Runs the contract of engines against one: the cases of the rows protocol over its socket, where it listens at one, then those of the model
// port. It reads no arguments and prints nothing.

import { isOutriderError } from '../../src/core/basics/errors.ts';
import type { Result } from '../../src/files/document.ts';
import { type OpenModelOptions, openModel } from '../../src/models/engines/open-model.ts';
import { demandListening } from '../../src/models/engines/remote/external-worker.ts';
import { type EngineSpec, hasAddress, parseEngineSpec, type WorkerAddress } from '../../src/models/port/engine-spec.ts';
import type { LanguageModel } from '../../src/models/port/model.ts';
import { type ContractBench, type ContractCase, usualPrefixTokens } from './contract-bench.ts';
import { contractCases } from './contract-cases.ts';
import { type WireCase, wireCases } from './wire-cases.ts';
import { meet } from './wire-client.ts';

type Shared = 'gpu' | 'threads' | 'tokenizerFile' | 'onLawProgress' | 'onProgress' | 'signal' | 'cacheDirectory';

export interface EngineCheckOptions extends Pick<OpenModelOptions, Shared> {
  /** As `--engine` takes it. */
  readonly engine: string;
  /** The target, where the engine does not say its model itself. */
  readonly model: string;
  /** Called before each case. */
  readonly onCase?: (name: string, number: number, total: number) => void;
}

/** What became of a case. */
export interface CheckedCase {
  readonly case: string;
  readonly result: 'passed' | 'skipped' | 'failed';
  /** Why it failed or was skipped, or what was found. */
  readonly said: string;
}

export interface EngineCheck extends Result {
  readonly rows: readonly CheckedCase[];
  readonly summary: Readonly<Record<'cases' | 'passed' | 'skipped' | 'failed', number>>;
}

/** As few as the contract asks for: an engine may need its memory for each. */
const size = { sequences: 3, contextLength: 256 };

interface Planned {
  readonly name: string;
  /** @returns why it is skipped; null: it is not */
  readonly lack: () => string | null;
  /** @returns what was found, in words */
  readonly run: () => Promise<string>;
}

/** @throws OutriderError where nothing listens at the address, for a wrong argument, or when it is interrupted */
export async function checkEngine(options: EngineCheckOptions): Promise<EngineCheck> {
  const spec = parseEngineSpec(options.engine);
  await using bench = new CheckedEngine(options);
  const wire = hasAddress(spec) ? await plannedWire(spec) : skippedWire(spec);
  const planned = [...wire, ...plannedContract(bench)];
  const rows: CheckedCase[] = [];
  for (const [index, one] of planned.entries()) {
    options.onCase?.(one.name, index + 1, planned.length);
    rows.push(await checkCase(one));
  }
  const count = (result: CheckedCase['result']): number => rows.filter((row) => row.result === result).length;
  const summary = {
    cases: rows.length,
    passed: count('passed'),
    skipped: count('skipped'),
    failed: count('failed'),
  };
  return { rows, summary };
}

async function checkCase({ name, lack, run }: Planned): Promise<CheckedCase> {
  const reason = lack();
  if (reason !== null) return { case: name, result: 'skipped', said: reason };
  try {
    return { case: name, result: 'passed', said: await run() };
  } catch (error) {
    const { message } = error as Error;
    if (!isOutriderError(error)) return { case: name, result: 'failed', said: message };
    if (error.code === 'interrupted') throw error;
    return { case: name, result: 'failed', said: `${message}; ${error.remedy}` };
  }
}

async function plannedWire(address: WorkerAddress): Promise<Planned[]> {
  await demandListening(address);
  // Where there is no valid one, the first case says so.
  const encodes = await meet(address, ({ hello }) => hello.encodes).catch(() => true);
  const lackOf = ({ needs }: WireCase): string | null =>
    needs === 'encodes' && !encodes ? 'the worker says that it does not encode texts' : null;
  return wireCases.map((one) => {
    return { name: one.name, lack: () => lackOf(one), run: () => one.run(address).then(() => '') };
  });
}

function skippedWire({ kind }: EngineSpec): Planned[] {
  const where =
    kind === 'llama' ? 'the engine is in this process' : 'the socket of a worker that is started is its own';
  const lack = (): string => `${where}; "outrider engine check unix:PATH" checks one that runs`;
  return wireCases.map(({ name }) => ({ name, lack, run: () => Promise.resolve('') }));
}

/** The engine under check. One instance is open at a time: a worker serves one connection. */
class CheckedEngine implements ContractBench, AsyncDisposable {
  readonly prefixTokens = usualPrefixTokens;
  readonly #options: EngineCheckOptions;
  #opened: LanguageModel | null = null;
  copies = false;

  constructor(options: EngineCheckOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#opened !== null;
  }

  get model(): LanguageModel {
    return this.#opened as LanguageModel;
  }

  open = async (): Promise<LanguageModel> => {
    await this.#opened?.close();
    const { model, onCase: _, ...options } = this.#options;
    this.#opened = await openModel(model, { ...options, ...size, role: 'target', exact: true });
    return this.#opened;
  };

  /** @returns its description */
  async begin(): Promise<string> {
    const model = await this.open();
    const sequence = model.openSequence();
    this.copies = sequence.copyFrom !== undefined;
    await sequence.release();
    return model.identity.description;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.close();
  }
}

function plannedContract(bench: CheckedEngine): Planned[] {
  const opening = { name: 'the engine opens, and a shape law holds', lack: () => null, run: () => bench.begin() };
  const lackOf = ({ needs }: ContractCase): string | null => {
    if (!bench.isOpen) return 'the engine could not be opened';
    return needs === 'copyFrom' && !bench.copies ? 'sequences of this engine copy nothing (copyFrom)' : null;
  };
  const planned = contractCases.map((one) => {
    return { name: one.name, lack: () => lackOf(one), run: () => one.run(bench).then(() => '') };
  });
  return [opening, ...planned];
}
