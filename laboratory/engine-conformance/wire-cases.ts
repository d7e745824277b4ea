// The rows protocol as plain cases over a raw connection: what a worker answers to frames that no edge should send, and what it holds
// afterwards. The engine behind it is checked by the cases of the model port.

import { encodeFrame, type Frame, type FrameItem, type FrameRow } from '../../src/models/engines/remote/frames.ts';
import type { Hello } from '../../src/models/engines/remote/hello.ts';
import type { WorkerAddress } from '../../src/models/port/engine-spec.ts';
import { contractTokens, expectSame, expectThat } from './contract-bench.ts';
import { helloFrom, type Met, meet, WireClient } from './wire-client.ts';

export interface WireCase {
  readonly name: string;
  /** What the worker must say that it does; otherwise the case is skipped by name. */
  readonly needs?: 'encodes';
  /** @throws ContractFailure */
  run(address: WorkerAddress): Promise<void>;
}

function textOf(hello: Hello, count: number): number[] {
  return contractTokens({ tokenizer: hello }, count);
}

function itemOf(hello: Hello, count: number, more: Partial<FrameItem> = {}): FrameItem {
  return { sequence: 0, keep: 0, rows: 1, ids: textOf(hello, count), asks: [], ...more };
}

async function rowsOf({ wire }: Met, step: number, items: readonly FrameItem[]): Promise<readonly FrameRow[]> {
  wire.send({ kind: 'evaluate', step, items });
  const frame = await wire.next('rows', `the evaluation of step ${step}`);
  expectSame('step of the rows', frame.step, step);
  const wanted = items.reduce((sum, { rows }) => sum + rows, 0);
  expectSame('number of rows', frame.rows.length, wanted);
  return frame.rows.map(inOrder);
}

/** Order has no meaning on the wire. */
function inOrder({ normaliser, ids, logits }: FrameRow): FrameRow {
  const places = ids.map((_, index) => index).sort((one, other) => (ids[one] as number) - (ids[other] as number));
  return {
    normaliser,
    ids: places.map((place) => ids[place] as number),
    logits: places.map((place) => logits[place] as number),
  };
}

/** The worker answers `failed` with `bad-frame`; @param steps one of these */
async function expectBadFrame({ wire }: Met, after: string, steps: readonly number[]): Promise<void> {
  const { step, code } = await wire.next('failed', after);
  expectSame(`code of the failure after ${after}`, code, 'bad-frame');
  expectThat(`step of the failure after ${after}`, steps.includes(step), steps.join(' or '), step);
}

/** The same text gives the same rows afterwards, on the same connection. */
async function expectUnharmed(met: Met, disturb: () => Promise<void>): Promise<void> {
  const items = [itemOf(met.hello, 6, { rows: 2 })];
  const before = await rowsOf(met, 1, items);
  await disturb();
  expectSame('rows of the same text afterwards', await rowsOf(met, 1000, items), before);
}

const unknownKind = 99;

/** A frame as bytes, from a body that no encoder makes. @param length that the frame announces; default: the true one */
function framed(body: Uint8Array, length: number = body.length): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, length, true);
  bytes.set(body, 4);
  return bytes;
}

/** The first part of a frame's body, announced as all of it. */
function cutOff(frame: Frame, share: number): Uint8Array {
  const body = encodeFrame(frame).subarray(4);
  return framed(body.subarray(0, Math.max(1, Math.floor(share * body.length))));
}

const helloCase: WireCase = {
  name: 'hello comes first and is valid',
  run: (address) =>
    meet(address, ({ hello: { limits, law, vocabularySize } }) => {
      expectThat('vocabulary', vocabularySize > 1000, 'more than 1000 ids', vocabularySize);
      expectThat('the law', law.most <= limits.largestCall, 'calls of at most largestCall rows', law.most);
      expectThat('the law', law.least <= law.most, 'a least call that is not above the most', law.least);
    }),
};

const frameCases: readonly WireCase[] = [
  {
    name: 'a frame of an unknown kind is answered by failed, and the connection continues',
    run: (address) =>
      meet(address, (met) =>
        expectUnharmed(met, async () => {
          met.wire.sendBytes(framed(Uint8Array.of(unknownKind, 1, 2, 3)));
          await expectBadFrame(met, 'a frame of an unknown kind', [0]);
        }),
      ),
  },
  {
    name: 'a frame whose body is cut off is answered by failed, and the connection continues',
    run: (address) =>
      meet(address, (met) =>
        expectUnharmed(met, async () => {
          const step = 7;
          const frame: Frame = { kind: 'evaluate', step, items: [itemOf(met.hello, 6)] };
          for (const share of [0.02, 0.3, 0.5, 0.9]) {
            met.wire.sendBytes(cutOff(frame, share));
            await expectBadFrame(met, `${100 * share} % of a frame`, [0, step]);
          }
        }),
      ),
  },
  {
    name: 'a frame that is too long is answered by failed, and the worker serves the next connection',
    async run(address) {
      await meet(address, async (met) => {
        met.wire.sendBytes(framed(Uint8Array.of(1), 65 * 2 ** 20));
        await expectBadFrame(met, 'a frame of 65 MiB', [0]);
      });
      await meet(address, (met) => rowsOf(met, 1, [itemOf(met.hello, 4)]));
    },
  },
];

const rowsPerItem = 65_535;

/** Items that an edge must not ask for, by what is wrong with them. */
function wrongItems(hello: Hello): Readonly<Record<string, readonly FrameItem[]>> {
  const { largestCall, maxSequences, contextLength } = hello.limits;
  return {
    'more ids than the largest call': [itemOf(hello, largestCall + 1)],
    'more ids than the largest call in two items': [itemOf(hello, largestCall), itemOf(hello, 1, { sequence: 1 })],
    'a sequence beyond the limit': [itemOf(hello, 4, { sequence: maxSequences })],
    'an id beyond the vocabulary': [itemOf(hello, 1, { ids: [hello.vocabularySize] })],
    'more tokens to keep than are held': [itemOf(hello, 2, { keep: contextLength - 4 })],
    'a sequence twice': [itemOf(hello, 2), itemOf(hello, 2)],
  };
}

const askedCases: readonly WireCase[] = [
  {
    name: 'a million rows are answered by failed, and the connection continues',
    run: (address) =>
      meet(address, (met) =>
        expectUnharmed(met, async () => {
          const ids = textOf(met.hello, rowsPerItem);
          const items = Array.from({ length: 16 }, (_, sequence) => ({
            ...itemOf(met.hello, 0),
            sequence,
            rows: rowsPerItem,
            ids,
          }));
          met.wire.send({ kind: 'evaluate', step: 2, items });
          await expectBadFrame(met, 'a million rows', [0, 2]);
        }),
      ),
  },
  {
    name: 'items against the limits are answered by failed, and the connection continues',
    run: (address) =>
      meet(address, (met) =>
        expectUnharmed(met, async () => {
          for (const [index, [what, items]] of Object.entries(wrongItems(met.hello)).entries()) {
            const step = 2 + index;
            met.wire.send({ kind: 'evaluate', step, items });
            await expectBadFrame(met, what, [0, step]);
          }
        }),
      ),
  },
  {
    name: 'a release of an unknown sequence changes nothing',
    run: (address) =>
      meet(address, (met) =>
        expectUnharmed(met, async () => {
          for (const sequence of [met.hello.limits.maxSequences - 1, met.hello.limits.maxSequences, 2 ** 32 - 1])
            met.wire.send({ kind: 'release', sequence });
        }),
      ),
  },
];

const stepCases: readonly WireCase[] = [
  {
    name: 'a step that was given up is answered, and so is the next one',
    run: (address) =>
      meet(address, (met) =>
        expectUnharmed(met, async () => {
          const count = Math.min(met.hello.limits.largestCall, 64);
          met.wire.send({ kind: 'evaluate', step: 2, items: [itemOf(met.hello, count)] });
          met.wire.send({ kind: 'abort', step: 2 });
          const frame = await met.wire.take('"rows" or "failed"', 'an abort');
          const isAnswer = frame.kind === 'rows' || (frame.kind === 'failed' && frame.code === 'aborted');
          expectThat('the answer to a step that was given up', isAnswer, '"rows", or "failed" with "aborted"', frame);
          expectSame('its step', 'step' in frame ? frame.step : undefined, 2);
          // One step was answered, the other has not come.
          for (const step of [2, 1000]) met.wire.send({ kind: 'abort', step });
        }),
      ),
  },
  {
    name: 'tokens that are kept need not be sent again',
    run: (address) =>
      meet(address, async (met) => {
        const last = textOf(met.hello, 12).slice(8);
        const otherText = contractTokens({ tokenizer: met.hello }, 8, 11);
        const texts = [textOf(met.hello, 8), textOf(met.hello, 8), otherText];
        const rows: (readonly FrameRow[])[] = [];
        // All texts are sent in calls of the same rows, so bits do not depend on the law.
        for (const [sequence, ids] of texts.entries()) {
          await rowsOf(met, 2 * sequence + 1, [{ ...itemOf(met.hello, 0), sequence, rows: 0, ids }]);
          rows.push(await rowsOf(met, 2 * sequence + 2, [{ ...itemOf(met.hello, 0), sequence, keep: 8, ids: last }]));
        }
        const [one, same, other] = rows;
        expectSame('rows of two sequences with the same text', same, one);
        const isOther = JSON.stringify(other) !== JSON.stringify(one);
        expectThat('rows after another text', isOther, 'other ones', 'the same');
      }),
  },
  {
    name: 'all sequences are empty on a new connection, and the hello is the same',
    async run(address) {
      const before = await meet(address, async (met) => {
        await rowsOf(met, 1, [itemOf(met.hello, 12)]);
        return met.hello;
      });
      await meet(address, async (met) => {
        expectSame('hello', met.hello, before);
        met.wire.send({ kind: 'evaluate', step: 1, items: [itemOf(met.hello, 2, { keep: 12 })] });
        await expectBadFrame(met, 'tokens of another connection were to be kept', [0, 1]);
        await rowsOf(met, 2, [itemOf(met.hello, 4)]);
      });
    },
  },
  {
    name: 'a second connection waits for its hello until the first has ended',
    async run(address) {
      let second: WireClient | undefined;
      try {
        await meet(address, async (met) => {
          second = await WireClient.connect(address);
          await rowsOf(met, 1, [itemOf(met.hello, 4)]);
          await rowsOf(met, 2, [itemOf(met.hello, 4)]);
          expectThat('a second connection', !second.hasFrame, 'no frame while the first one is served', 'one');
        });
        await helloFrom(second as unknown as WireClient);
      } finally {
        await second?.end();
      }
    },
  },
];

const encodeCase: WireCase = {
  name: 'texts are encoded, whatever they hold',
  needs: 'encodes',
  run: (address) =>
    meet(address, async ({ wire, hello }) => {
      for (const [number, text] of ['', 'The sky is blue.\n\n', 'Größe, 東京, 🙂', '<|endoftext|></s>'].entries()) {
        wire.send({ kind: 'encode', number, text });
        const frame = await wire.next('ids', 'a text was to be encoded');
        expectSame('number of the request', frame.number, number);
        const wrong = frame.ids.filter((id) => id >= hello.vocabularySize);
        expectThat('ids of a text', wrong.length === 0, `ids below ${hello.vocabularySize}`, wrong);
      }
    }),
};

export const wireCases: readonly WireCase[] = [helloCase, ...frameCases, ...askedCases, ...stepCases, encodeCase];
