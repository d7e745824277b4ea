// The server's side of the rows protocol, against a client that keeps to no rule.

import { linkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { folderOfEach } from '../../gguf/folder.fixture.ts';
import type { LanguageModel } from '../../port/model.ts';
import { fakeModel } from './fake-worker.fixture.ts';
import { FrameReader } from './frame-reader.ts';
import { decodeFrame, encodeFrame, type Frame, mostFrameBytes } from './frames.ts';
import { helloOf, serveRows } from './rows-server.ts';

const here = folderOfEach();
const anyPort = { kind: 'tcp', port: 0 } as const;

/** A client that writes what it likes. */
async function talk(
  frames: readonly (Frame | Uint8Array)[],
  answers: number,
  model: LanguageModel = fakeModel(),
): Promise<Frame[]> {
  await using server = await serveRows(model, {
    address: anyPort,
    hello: helloOf(model, { engine: 'fake', device: 'cpu', tokenizerFormat: 'toy' }),
  });
  const socket = connect((server.address as { port: number }).port, '127.0.0.1');
  const reader = new FrameReader();
  const found: Frame[] = [];
  for (const frame of frames) socket.write(frame instanceof Uint8Array ? frame : encodeFrame(frame));
  for await (const chunk of socket) {
    for (const body of reader.read(chunk as Uint8Array, () => mostFrameBytes)) found.push(decodeFrame(body));
    if (found.length > answers) break;
  }
  return found.slice(1);
}

describe('the server of rows', () => {
  const item = { sequence: 0, keep: 0, rows: 1, ids: [300, 301], asks: [] };
  const evaluate = (step: number, ...items: (typeof item)[]): Frame => ({ kind: 'evaluate', step, items });

  it('answers mistakes of an edge, and the next step', async () => {
    const wrong: (typeof item)[][] = [
      [{ ...item, keep: 3 }],
      [{ ...item, sequence: 8 }],
      [{ ...item, ids: [49_152] }],
      [{ ...item, ids: [], rows: 0 }],
      [item, item],
      [{ ...item, ids: new Array<number>(1_000_000).fill(300) }],
      [{ ...item, ids: new Array<number>(65_535).fill(300), rows: 65_535 }],
    ];
    const found = await talk(
      [...wrong.map((items, at) => evaluate(at + 1, ...items)), evaluate(99, item)],
      wrong.length + 1,
    );
    expect(found.slice(0, -1)).toEqual(
      wrong.map((_, at) => expect.objectContaining({ kind: 'failed', step: at + 1, code: 'bad-frame' })),
    );
    expect(found.at(-1)).toMatchObject({ kind: 'rows', step: 99 });
  });

  it('serves on where a text can not be encoded', async () => {
    const model = fakeModel();
    const encode = (): number[] => {
      throw new Error('no such text');
    };
    const broken = { ...model, tokenizer: { ...model.tokenizer, encode } };
    const found = await talk([{ kind: 'encode', number: 7, text: 'a' }, evaluate(8, item)], 2, broken);
    expect(found).toMatchObject([
      { kind: 'failed', step: 7, code: 'failed', cause: 'no such text' },
      { kind: 'rows', step: 8 },
    ]);
  });

  it('says so where a frame is none, and closes where the next one can not be found', async () => {
    const found = await talk([Uint8Array.of(1, 0, 0, 0, 77), evaluate(1, item), Uint8Array.of(255, 255, 255, 255)], 99);
    expect(found).toMatchObject([
      { kind: 'failed', step: 0, code: 'bad-frame' },
      { kind: 'failed', step: 0, code: 'bad-frame' },
    ]);
  });

  it('skips steps that were given up before they began, not those that come after an abort', async () => {
    const abort = (step: number): Frame => ({ kind: 'abort', step });
    const found = await talk([abort(2), evaluate(1, item), abort(1), evaluate(2, { ...item, sequence: 1 })], 2);
    expect(found).toMatchObject([
      { kind: 'failed', step: 1, code: 'aborted' },
      { kind: 'rows', step: 2 },
    ]);
  });

  it('takes over the socket of a worker that was killed, not of one that lives', async () => {
    const model = fakeModel();
    const hello = helloOf(model, { engine: 'fake', device: 'cpu', tokenizerFormat: 'toy' });
    const serve = (name: string) => serveRows(model, { address: { kind: 'unix', path: here(name) }, hello });
    await using _one = await serve('rows');
    await expect(serve('rows')).rejects.toMatchObject({ code: 'port-in-use' });
    const killed = createServer();
    await new Promise<void>((resolve) => killed.listen({ path: here('gone') }, resolve));
    // Its other name stays when it is closed.
    linkSync(here('gone'), here('left'));
    killed.close();
    await using _other = await serve('left');
  });
});
