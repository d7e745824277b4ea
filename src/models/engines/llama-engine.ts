// Loads node-llama-cpp, an optional package, and model files with it. Its errors say what to do when either is missing.

import { stat } from 'node:fs/promises';
import type { Llama, LlamaModel } from 'node-llama-cpp';
import { OutriderError } from '../../core/basics/errors.ts';
import type { GpuChoice } from '../../core/basics/gpu-choice.ts';
import { findRepackingSwitch, loadInOrder, type RepackingSwitch, type WeightLayout } from './llama-weights.ts';

type Binding = typeof import('node-llama-cpp');

/** The loaded library with its chosen back-end. */
export interface LlamaEngine {
  readonly binding: Binding;
  readonly llama: Llama;
  /** "llama.cpp v0.5.0 (node-llama-cpp 3.22.1)". */
  readonly version: string;
  /** Prebuilt, or the options of a local build. */
  readonly build: string;
  /** The inputs of the back-end's rounding: processor features, or the graphics devices. */
  readonly backend: string;
  /** Null where weights are never repacked, or where repacking can't be switched off. */
  readonly repacking: RepackingSwitch | null;
  /** What it has said of errors, since it was asked last. */
  takeSaid(): string[];
}

const mostSaid = 8;

const startedEngines = new Map<GpuChoice, Promise<LlamaEngine>>();

/**
 * Starts llama.cpp once per process and back-end; never compiles or downloads.
 * @throws OutriderError `engine-missing` when the package, or its binary for this machine, is not installed.
 */
export function startLlamaEngine(gpu: GpuChoice): Promise<LlamaEngine> {
  let engine = startedEngines.get(gpu);
  if (engine === undefined) {
    engine = start(gpu);
    startedEngines.set(gpu, engine);
    engine.catch(() => startedEngines.delete(gpu));
  }
  return engine;
}

async function start(gpu: GpuChoice): Promise<LlamaEngine> {
  const binding = await importBinding();
  const log = new EngineLog();
  try {
    const llama = await binding.getLlama({
      build: 'never',
      skipDownload: true,
      gpu: gpu === 'off' ? false : gpu,
      logLevel: binding.LlamaLogLevel.error,
      progressLogs: false,
      logger: (_level, message) => log.take(message),
    });
    if (gpu !== 'off' && gpu !== 'auto' && llama.gpu !== gpu) throw new Error(`it has no ${gpu} here`);
    const devices = llama.gpu === false ? [] : await llama.getGpuDeviceNames();
    const packageVersion = await binding.getModuleVersion();
    return {
      binding,
      llama,
      version: `llama.cpp ${llama.llamaCppRelease.release} (node-llama-cpp ${packageVersion})`,
      build: llama.buildType === 'prebuilt' ? 'prebuilt' : JSON.stringify(llama.cmakeOptions),
      backend: devices.length === 0 ? `cpu, ${llama.systemInfo.trim()}` : `${llama.gpu}, ${devices.join(', ')}`,
      repacking: devices.length === 0 ? await findRepackingSwitch() : null,
      takeSaid: () => log.said.splice(0),
    };
  } catch (cause) {
    if (gpu !== 'off') throw gpuMissing(gpu, cause);
    throw new OutriderError(
      'engine-missing',
      `llama.cpp could not be started: ${firstLine(cause)}`,
      'Install the binary package of node-llama-cpp for this machine (npm install node-llama-cpp), or use "toy:1" as the model.',
      { cause },
    );
  }
}

/** Lines of the engine's own, for the error that follows them and for standard error. The library brings each several times. */
class EngineLog {
  readonly said: string[] = [];
  readonly #newest: string[] = [];

  take(message: string): void {
    const line = message.trim();
    if (this.#newest.includes(line)) return;
    for (const list of [this.said, this.#newest]) {
      list.push(line);
      if (list.length > mostSaid) list.shift();
    }
    process.stderr.write(`llama.cpp: ${line}\n`);
  }
}

/** What callers in code may say as well. */
export function gpuChoiceOf(gpu: GpuChoice | boolean | undefined): GpuChoice {
  return typeof gpu === 'string' ? gpu : gpu === true ? 'auto' : 'off';
}

function gpuMissing(gpu: GpuChoice, cause: unknown): OutriderError {
  const said = firstLine(cause);
  const why = said.includes('NoBinaryFound') ? 'its binary for it is not installed, or finds no device' : said;
  const message = `llama.cpp can't use ${gpu === 'auto' ? 'a graphics processor' : gpu} on this machine: ${why}`;
  const remedy =
    "check the driver, and install the engine's binaries for it (in a clone: node setup.mjs --gpu cuda or vulkan), or leave --gpu out";
  return new OutriderError('engine-missing', message, remedy, { cause });
}

async function importBinding(): Promise<Binding> {
  try {
    return await import('node-llama-cpp');
  } catch (cause) {
    throw new OutriderError(
      'engine-missing',
      'node-llama-cpp is not installed',
      'Run "npm install node-llama-cpp" next to outrider, or use "toy:1" as the model.',
      { cause },
    );
  }
}

/** @param asked 0: one less than the machine has */
export function threadsOf({ llama }: LlamaEngine, asked: number): number {
  return asked === 0 ? Math.max(1, llama.cpuMathCores - 1) : asked;
}

/** @throws OutriderError `model-unknown` when there is no such file */
export async function requireModelFile(path: string): Promise<void> {
  const file = await stat(path).catch(() => undefined);
  if (file?.isFile() === true) return;
  throw new OutriderError(
    'model-unknown',
    `no model file at ${path}`,
    'Give the path of a GGUF file, or a model name.',
  );
}

/** @throws OutriderError `model-unknown` when there is no such file, `model-unreadable` when llama.cpp can't load it. */
export async function loadLlamaModel(
  engine: LlamaEngine,
  path: string,
  options: { readonly vocabularyOnly: boolean; readonly weights?: WeightLayout },
): Promise<LlamaModel> {
  await requireModelFile(path);
  try {
    const load = (): Promise<LlamaModel> =>
      engine.llama.loadModel({
        modelPath: path,
        vocabOnly: options.vocabularyOnly,
        ...(engine.llama.gpu === false ? { gpuLayers: 0 } : {}),
      });
    return await loadInOrder(options.weights, engine.repacking, load);
  } catch (cause) {
    throw cannotLoad(path, cause, engine.takeSaid());
  }
}

/** @param said what the engine said meanwhile: the library's own error has no reason */
function cannotLoad(path: string, cause: unknown, said: readonly string[]): OutriderError {
  const reason = said.map((line) => /error loading model: (.+)/.exec(line)?.[1]).find((one) => one !== undefined);
  const isUnknown = reason?.includes('unknown model architecture') === true;
  return new OutriderError(
    'model-unreadable',
    `llama.cpp can't load ${path}: ${reason ?? firstLine(cause)}`,
    isUnknown
      ? 'another copy of the file does not help: take a model of an architecture that this llama.cpp knows'
      : 'Check that the file is a whole GGUF of a language model; "outrider models verify" compares its hash.',
    { cause },
  );
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
}
