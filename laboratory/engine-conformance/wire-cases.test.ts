import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demandListening } from '../../src/models/engines/remote/external-worker.ts';
import { FrameReader } from '../../src/models/engines/remote/frame-reader.ts';
import { decodeFrame, encodeFrame, type Frame, mostFrameBytes } from '../../src/models/engines/remote/frames.ts';
import type { Hello } from '../../src/models/engines/remote/hello.ts';
import { helloOf, type RowsServer, serveRows } from '../../src/models/engines/remote/rows-server.ts';
import type { WorkerAddress } from '../../src/models/port/engine-spec.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { ContractFailure } from './contract-bench.ts';
import { wireCases } from './wire-cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrider-'));
const path = join(folder, 'rows.sock');
const toy = createToyModel({ seed: 7, role: 'target', sequences: 3, contextLength: 300 });
const hello = helloOf(toy, { engine: 'toy', device: 'cpu', tokenizerFormat: 'gguf' });
let server: RowsServer;

beforeAll(async () => {
  server = await serveRows(toy, { address: { kind: 'unix', path }, hello });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Fault {
  /** Changes what the worker sends. */
  readonly answer?: (frame: Frame) => Frame;
  /** Changes what it receives. */
  readonly request?: (frame: Frame) => Frame;
  /** Greets each connection at once. */
  readonly greetsAll?: boolean;
}

/** Passes whole frames on, changed; what is no frame passes as it is. */
function pass(from: Socket, to: Socket, change: (frame: Frame) => Frame): void {
  const reader = new FrameReader();
  const changed = (body: Uint8Array): Uint8Array => {
    try {
      return encodeFrame(change(decodeFrame(body)));
    } catch {
      const bytes = new Uint8Array(4 + body.length);
      new DataView(bytes.buffer).setUint32(0, body.length, true);
      bytes.set(body, 4);
      return bytes;
    }
  };
  from.on('data', (chunk: Uint8Array) => {
    try {
      for (const body of reader.read(chunk, () => mostFrameBytes)) to.write(changed(body));
    } catch {
      to.write(chunk);
    }
  });
  from.on('close', () => to.end());
  from.on('error', () => to.destroy());
}

/** A worker with a fault: the sound one, with changed frames. */
async function withFault(fault: Fault, body: (address: WorkerAddress) => Promise<void>): Promise<void> {
  const same = (frame: Frame): Frame => frame;
  const proxy = createServer((socket) => {
    const inner = connect(path);
    if (fault.greetsAll === true) socket.write(encodeFrame({ kind: 'hello', version: 1, hello }));
    pass(socket, inner, fault.request ?? same);
    pass(inner, socket, fault.answer ?? same);
  });
  const address = { kind: 'unix', path: join(folder, 'fault.sock') } as const;
  const mask = process.umask(0o177);
  await new Promise<void>((resolve) => proxy.listen(address.path, resolve));
  process.umask(mask);
  try {
    await body(address);
  } finally {
    await new Promise((resolve) => proxy.close(resolve));
  }
}

const otherCode: Fault = {
  answer: (frame) => (frame.kind === 'failed' ? { ...frame, code: 'failed' } : frame),
};
const otherStep: Fault = {
  answer: (frame) => (frame.kind === 'failed' ? { ...frame, step: frame.step + 17 } : frame),
};

/** By the name of a case: what it must find. */
const faults: Readonly<Record<string, Fault>> = {
  'hello comes first and is valid': {
    answer: (frame) =>
      frame.kind === 'hello' ? { ...frame, hello: { ...(frame.hello as Hello), vocabularySize: 0 } } : frame,
  },
  'a frame of an unknown kind is answered by failed, and the connection continues': otherCode,
  'a frame whose body is cut off is answered by failed, and the connection continues': otherStep,
  'a frame that is too long is answered by failed, and the worker serves the next connection': otherCode,
  'a million rows are answered by failed, and the connection continues': otherStep,
  'items against the limits are answered by failed, and the connection continues': otherCode,
  'a release of an unknown sequence changes nothing': {
    request: (frame) => (frame.kind === 'release' ? { kind: 'encode', number: 1, text: 'x' } : frame),
  },
  'a step that was given up is answered, and so is the next one': {
    answer: (frame) => ('step' in frame && frame.step === 2 ? { ...frame, step: 3 } : frame),
  },
  'tokens that are kept need not be sent again': {
    request: (frame) =>
      frame.kind === 'evaluate' ? { ...frame, items: frame.items.map((item) => ({ ...item, keep: 0 })) } : frame,
  },
  'all sequences are empty on a new connection, and the hello is the same': {
    request: (frame) =>
      frame.kind === 'evaluate' ? { ...frame, items: frame.items.map((item) => ({ ...item, keep: 0 })) } : frame,
  },
  'a second connection waits for its hello until the first has ended': { greetsAll: true },
  'texts are encoded, whatever they hold': {
    answer: (frame) => (frame.kind === 'ids' ? { ...frame, ids: [...frame.ids, hello.vocabularySize] } : frame),
  },
};

const run = (name: string, address: WorkerAddress): Promise<void> =>
  wireCases.find((one) => one.name === name)?.run(address) as Promise<void>;

describe('the cases of the rows protocol', () => {
  it('have a planted fault each', () => {
    expect(wireCases.map(({ name }) => name)).toEqual(Object.keys(faults));
  });

  it.each(Object.keys(faults))('pass a sound worker: %s', async (name) => {
    await run(name, { kind: 'unix', path });
  });

  it.each(Object.entries(faults))('find a fault: %s', async (name, fault) => {
    await withFault(fault, async (address) => {
      const failure = await run(name, address).then(
        () => null,
        (error: unknown) => error as Error,
      );
      expect(failure).toBeInstanceOf(ContractFailure);
      expect(failure?.message).toMatch(/^[^\n]+: expected [^\n]+, found [^\n]+$/);
    });
  });

  it('are not tried where nothing listens', async () => {
    const nowhere = { kind: 'unix', path: join(folder, 'none.sock') } as const;
    await expect(demandListening(nowhere)).rejects.toMatchObject({ code: 'engine-lost' });
  });
});
