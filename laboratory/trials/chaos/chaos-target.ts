// What the edges of `trial chaos` run: the toy inside each edge, or a target in a worker of its own, which faults hit too; and the texts
// that it writes alone.

import { join } from 'node:path';
import { encodeTrialPrompts } from '../../../simulator/files/sample-prompts.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { openLlamaTokenizer } from '../../../src/models/engines/llama-tokenizer.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { workerCommand } from '../../../src/models/engines/remote/open-remote.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { type Drafter, ModelDrafter } from '../../../src/models/port/drafter.ts';
import { parseEngineSpec } from '../../../src/models/port/engine-spec.ts';
import type { Tokenizer } from '../../../src/models/port/model.ts';
import { createNgramModel } from '../../../src/models/port/ngram.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { socketFolder, startWorker, toyWorker } from '../../measuring/worker-process.ts';
import { ids, toyTasks } from '../../readers/toy-reader.ts';
import { writeAlone } from '../exactness/references.ts';
import { ChaosMember } from './members.ts';

export interface ChaosTarget extends AsyncDisposable {
  readonly tokenizer: Tokenizer;
  readonly drafterOf: () => Drafter;
  readonly prompts: readonly (readonly number[])[];
  readonly references: readonly (readonly number[])[];
  readonly answerTokens: number;
  /** One for each edge: its engine, null where it runs inside the edge, and the flags of the edge. */
  readonly places: readonly { readonly engine: ChaosMember | null; readonly flags: readonly string[] }[];
}

interface Asked {
  readonly edges: number;
  readonly devices: number;
  /** "toy", "ik" or "vllm:FOLDER". */
  readonly engine?: string | undefined;
  /** What ik runs, and the tokenizer of every engine but the toy. */
  readonly model: string;
}

const toySeed = 31;
const profile = 'edge-8b-rtx4090';
const contextLength = 2048;
const toyAnswerTokens = 256;
/** A real target takes several times the toy's emulated time on two cores. */
const answerTokens = 64;
const promptCount = 6;
/** One for the text, one for the alternative of a hedge. */
const sequencesOfDrafter = 2;

/** @throws OutriderError `bad-argument`, `engine-missing`, and what openModel throws */
export async function openTarget(asked: Asked): Promise<ChaosTarget> {
  await using opened = new CloseStack();
  const { edges, devices, engine } = asked;
  const isToy = engine === undefined || engine === 'toy';
  const sequences = devices + 1;
  const command = isToy ? toyWorker(toySeed, sequences, contextLength) : await commandOf(engine, asked, sequences);
  const paced = isToy ? ['--profile', profile] : [];
  const places: { engine: ChaosMember | null; flags: string[] }[] = [];
  if (engine === undefined) {
    for (let count = 0; count < edges; count += 1)
      places.push({ engine: null, flags: ['--model', `toy:${toySeed}`, ...paced] });
  } else {
    const folder = opened.use(await socketFolder());
    const tokenizer = ['--tokenizer', isToy ? `toy:${toySeed}` : asked.model];
    for (let count = 0; count < edges; count += 1) {
      const socket = join(folder.path, `engine-${count + 1}`);
      const worker = await ChaosMember.start(() => startWorker(command, socket));
      opened.defer(() => worker.close());
      places.push({ engine: worker, flags: ['--engine', worker.url, ...tokenizer, ...paced] });
    }
  }
  const tokenizerOf = async (): Promise<Tokenizer> =>
    opened.use(await openLlamaTokenizer((await acquireModel(asked.model)).path));
  const engineUrl = places[0]?.engine?.url ?? '';
  const texts = isToy ? await toyTexts() : await realTexts(await tokenizerOf(), engineUrl, asked.model);
  const kept = opened.move();
  return { ...texts, places, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}

/** @throws OutriderError `bad-argument` for an engine that the trial can't start */
async function commandOf(engine: string, { model }: Asked, sequences: number) {
  const spec = parseEngineSpec(engine);
  if (spec.kind !== 'ik' && spec.kind !== 'vllm')
    throw badArgument(`the trial can't kill ${engine}`, 'Give toy, ik or vllm:FOLDER, whose workers it starts itself.');
  return workerCommand(spec, { model, sequences, contextLength, exact: true });
}

async function toyTexts() {
  const prompts = Array.from({ length: promptCount }, (_, index) => ids(20 + 30 * index, 100 * (index + 1)));
  const references = (await toyTasks(toySeed, prompts, toyAnswerTokens)).map(({ reference }) => reference);
  const { tokenizer } = createToyModel({ seed: toySeed, role: 'target' });
  const drafterOf = (): Drafter => new ModelDrafter(createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8 }));
  return { tokenizer, drafterOf, prompts, references, answerTokens: toyAnswerTokens };
}

/** By the first worker alone, before an edge uses it. */
async function realTexts(tokenizer: Tokenizer, engine: string, tokenizerFile: string) {
  const size = { sequences: 1, contextLength };
  await using model = await openModel('none', { role: 'target', exact: true, engine, tokenizerFile, ...size });
  const prompts = encodeTrialPrompts(tokenizer, promptCount, 'shortest').map((prompt) => prompt.ids);
  const references: (readonly number[])[] = [];
  for (const prompt of prompts) {
    references.push((await writeAlone(model, prompt, [neutralSampling], answerTokens))[0] ?? []);
  }
  const drafterOf = (): Drafter =>
    new ModelDrafter(createNgramModel({ tokenizer, sequences: sequencesOfDrafter, contextLength }), sequencesOfDrafter);
  return { tokenizer, drafterOf, prompts, references, answerTokens };
}
