// A few real edges and devices among the made-up ones of the crowd: they read answers all the while, and every text is compared.

import { FleetReader } from '../../../simulator/fleet/fleet-reader.ts';
import { type EdgeProcess, startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { ids, sameText, toyTasks } from '../../readers/toy-reader.ts';

const toySeed = 47;
const profile = 'edge-8b-rtx4090';
const answerTokens = 96;
const promptCount = 6;
const [roundTripMs, bitsPerSecond, thinkMs] = [10, 50e6, 500];

export interface ReadersFound {
  readonly texts: number;
  readonly identical: number;
  /** Answers that did not end as they should, or could not begin. */
  readonly failed: number;
}

export class RealReaders implements AsyncDisposable {
  readonly #edges: readonly EdgeProcess[];
  readonly #readers: readonly FleetReader[];
  readonly #prompts: readonly (readonly number[])[];

  private constructor(edges: readonly EdgeProcess[], readers: readonly FleetReader[], prompts: readonly number[][]) {
    this.#edges = edges;
    this.#readers = readers;
    this.#prompts = prompts;
  }

  static async start(
    url: string,
    edgeCount: number,
    deviceCount: number,
    note: (line: string) => void,
  ): Promise<RealReaders> {
    const prompts = Array.from({ length: promptCount }, (_, index) => ids(20 + 10 * index, 100 * (index + 1)));
    const flags = ['--model', `toy:${toySeed}`, '--profile', profile, '--sessions', `${Math.max(1, deviceCount)}`];
    const edges = await Promise.all(
      Array.from({ length: edgeCount }, (_, index) =>
        startEdgeProcess([...flags, '--controller', url, '--name', `real-edge-${index + 1}`], note),
      ),
    );
    const plan = {
      tokenizer: createToyModel({ seed: toySeed, role: 'target' }).tokenizer,
      drafterOf: () => new ModelDrafter(createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8 })),
      ...{ prompts, maxAnswerTokens: answerTokens, roundTripMs, thinkMs, note },
      rates: () => bitsPerSecond,
    };
    const readers = Array.from(
      { length: deviceCount },
      (_, index) => new FleetReader(plan, connectWebSocket(url), index),
    );
    for (const reader of readers) void reader.run();
    return new RealReaders(edges, readers, prompts);
  }

  /** Lets all end their answers. */
  async finish(): Promise<ReadersFound> {
    await Promise.all(this.#readers.map((reader) => reader.finish()));
    const tasks = await toyTasks(toySeed, this.#prompts, answerTokens);
    const answers = this.#readers.flatMap((reader) => reader.answers);
    const ended = answers.filter(({ report }) => report.outcome.kind === 'ended');
    const identical = ended.filter(({ prompt, report }) => sameText(report.tokens, tasks[prompt]?.reference));
    const unopened = this.#readers.reduce((sum, { failures }) => sum + failures, 0);
    return { texts: ended.length, identical: identical.length, failed: answers.length - ended.length + unopened };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reader of this.#readers) reader.close();
    await Promise.allSettled(this.#edges.map((edge) => edge.close()));
  }
}
