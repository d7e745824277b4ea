// A worker for tests: the toy behind the rows protocol, behind a relay that can break every rule of it. In this process, or as a program:
// fake-worker.fixture.ts --socket PATH [--until-input-ends] [--fault NAME] [--at N] and what a worker is given besides.

import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { WorkerAddress } from '../../port/engine-spec.ts';
import type { LanguageModel } from '../../port/model.ts';
import { createToyModel } from '../../port/toy.ts';
import { FrameReader } from './frame-reader.ts';
import { decodeFrame, encodeFrame, type Frame, type FrameRow, mostFrameBytes } from './frames.ts';
import type { Hello } from './hello.ts';
import { helloOf, listenPrivately, serveRows } from './rows-server.ts';

/** What the relay does with a frame of the worker: `pass` sends bytes to the edge. */
type Tamper = (frame: Frame, relay: Relay) => void;

export interface Relay {
  pass(bytes: Uint8Array): void;
  /** Closes the connection. */
  end(): void;
  /** Empties the sequences of the worker. */
  forget(): void;
  /** Number of the rows frame, from 1, over all connections. */
  readonly rowsCount: number;
}

const pass: Tamper = (frame, relay) => relay.pass(encodeFrame(frame));

function atRows(change: (frame: Frame & { readonly kind: 'rows' }, relay: Relay) => void): Tamper {
  return (frame, relay) => (frame.kind === 'rows' ? change(frame, relay) : pass(frame, relay));
}

function withRow(change: (row: FrameRow) => FrameRow): Tamper {
  return atRows((frame, relay) => pass({ ...frame, rows: frame.rows.map(change) }, relay));
}

/** The length of the frame is `lie` of the true one. */
function withLength(lie: (bytes: number) => number): Tamper {
  return atRows((frame, relay) => {
    const bytes = encodeFrame(frame);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, lie(view.getUint32(0, true)), true);
    relay.pass(bytes);
  });
}

const lateMs = 300;

export type FaultName =
  | 'hangs'
  | 'dies'
  | 'late'
  | 'too-few-rows'
  | 'many-rows'
  | 'longer-length'
  | 'shorter-length'
  | 'huge-length'
  | 'other-step'
  | 'rows-unasked'
  | 'id-beyond'
  | 'id-twice'
  | 'no-candidates'
  | 'no-numbers'
  | 'no-memory'
  | 'unknown-kind'
  | 'version-2'
  | 'no-hello-fields'
  | 'other-parts'
  | 'other-tokenizer';

/** Each breaks one rule from a rows frame on, or in the hello. */
const faults: Readonly<Record<FaultName, Tamper>> = {
  hangs: (frame, relay) => (frame.kind === 'hello' ? pass(frame, relay) : undefined),
  dies: atRows((_, relay) => relay.end()),
  late: atRows((frame, relay) => {
    const working = setInterval(() => pass({ kind: 'working', step: frame.step }, relay), lateMs / 10);
    setTimeout(() => {
      clearInterval(working);
      pass(frame, relay);
    }, lateMs);
  }),
  'too-few-rows': atRows((frame, relay) => pass({ ...frame, rows: frame.rows.slice(1) }, relay)),
  'many-rows': atRows((frame, relay) => {
    const row: FrameRow = { normaliser: Number.NaN, ids: [1], logits: [1] };
    pass({ ...frame, rows: new Array<FrameRow>(1_000_000).fill(row) }, relay);
  }),
  'longer-length': withLength((bytes) => bytes + 7),
  'shorter-length': withLength((bytes) => bytes - 7),
  'huge-length': withLength(() => 2 ** 32 - 1),
  'other-step': atRows((frame, relay) => pass({ ...frame, step: frame.step + 1 }, relay)),
  'rows-unasked': atRows((frame, relay) => {
    const bytes = encodeFrame(frame);
    relay.pass(Buffer.concat([bytes, bytes]));
  }),
  'id-beyond': withRow((row) => ({ ...row, ids: row.ids.map((id, at) => (at === 0 ? 2 ** 31 : id)) })),
  'id-twice': withRow((row) => ({ ...row, ids: row.ids.map((id, at) => (at === 0 ? (row.ids[1] ?? id) : id)) })),
  'no-candidates': withRow((row) => ({ ...row, ids: [], logits: [] })),
  'no-numbers': withRow((row) => ({ ...row, logits: row.logits.map(() => Number.NaN) })),
  'no-memory': atRows(({ step }, relay) => {
    relay.forget();
    pass({ kind: 'failed', step, code: 'memory-full', cause: '12 blocks are wanted and 3 are free' }, relay);
  }),
  'unknown-kind': atRows((_, relay) => relay.pass(Uint8Array.of(1, 0, 0, 0, 99))),
  'version-2': (frame, relay) => pass(frame.kind === 'hello' ? { ...frame, version: 2 } : frame, relay),
  'no-hello-fields': (frame, relay) => pass(frame.kind === 'hello' ? { ...frame, hello: { name: 'x' } } : frame, relay),
  'other-parts': (frame, relay) => {
    const parts = { fingerprint: 'another' };
    pass(frame.kind === 'hello' ? { ...frame, hello: { ...(frame.hello as Hello), parts } } : frame, relay);
  },
  'other-tokenizer': (frame, relay) => {
    pass(frame.kind === 'ids' ? { ...frame, ids: frame.ids.map((id, at) => (at === 5 ? id + 1 : id)) } : frame, relay);
  },
};

export interface FakeOptions {
  readonly address: WorkerAddress;
  /** The target behind it; default the toy of seed 11. */
  readonly model?: LanguageModel;
  /** Changes of the hello. */
  readonly hello?: Partial<Hello>;
  /** Asked for each frame, so that a test may change its mind. */
  readonly faultAt?: (rowsCount: number) => FaultName | undefined;
  /** For the program `dies` means that it ends. */
  readonly workingMs?: number;
}

export interface FakeWorker extends AsyncDisposable {
  readonly address: WorkerAddress;
  readonly model: LanguageModel;
  readonly rowsCount: number;
  /** Ends all connections, as a worker that is killed and started again. */
  drop(): void;
}

export function fakeModel(): LanguageModel {
  return createToyModel({ seed: 11, role: 'target', sequences: 8, contextLength: 1040 });
}

export async function startFakeWorker(options: FakeOptions): Promise<FakeWorker> {
  const { address, model = fakeModel(), faultAt = () => undefined, workingMs = 50 } = options;
  // Beside its own socket, whose folder the edge removes where this process is killed.
  const folder = address.kind === 'tcp' ? await mkdtemp(join(tmpdir(), 'outrider-fake-')) : null;
  const path = address.kind === 'tcp' ? join(folder ?? '', 'inside') : `${address.path}.inside`;
  const inside = { kind: 'unix', path } as const;
  const hello = { ...helloOf(model, { engine: 'fake 1', device: 'cpu', tokenizerFormat: 'toy' }), ...options.hello };
  const server = await serveRows(model, { address: inside, hello, workingMs });
  const counts = { rows: 0 };
  const sockets = new Set<Socket>();
  const front = createServer((socket) => {
    const back = connect(inside.path);
    relayFrames(socket, back, counts, faultAt);
    for (const [one, other] of [
      [socket, back],
      [back, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  const bound = await listenPrivately(front, address);
  return {
    address: bound,
    model,
    get rowsCount() {
      return counts.rows;
    },
    drop: () => {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => front.close(resolve));
      await server.close();
      if (folder !== null) await rm(folder, { recursive: true, force: true });
    },
  };
}

function relayFrames(
  socket: Socket,
  back: Socket,
  counts: { rows: number },
  faultAt: NonNullable<FakeOptions['faultAt']>,
): void {
  socket.on('data', (chunk) => back.write(chunk));
  const reader = new FrameReader();
  back.on('data', (chunk: Uint8Array) => {
    for (const body of reader.read(chunk, () => mostFrameBytes)) {
      const frame = decodeFrame(body);
      if (frame.kind === 'rows') counts.rows += 1;
      const fault = faultAt(counts.rows);
      const relay: Relay = {
        pass: (bytes) => void socket.write(bytes),
        end: () => socket.destroy(),
        forget: () => {
          for (let sequence = 0; sequence < 8; sequence += 1) back.write(encodeFrame({ kind: 'release', sequence }));
        },
        rowsCount: counts.rows,
      };
      (fault === undefined ? pass : faults[fault])(frame, relay);
    }
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    strict: false,
    options: {
      socket: { type: 'string' },
      fault: { type: 'string' },
      at: { type: 'string' },
      refuses: { type: 'boolean' },
    },
  });
  if (values.refuses === true) {
    process.stderr.write('no such model\n');
    process.exit(3);
  }
  const at = Number(values.at ?? 1);
  const fault = values.fault as FaultName | undefined;
  process.stdin.on('end', () => process.exit(0)).resume();
  await startFakeWorker({
    address: { kind: 'unix', path: String(values.socket) },
    faultAt: (rows) => {
      if (fault === undefined || rows < at) return undefined;
      if (fault === 'dies') process.kill(process.pid, 'SIGKILL');
      return fault;
    },
  });
}

if (import.meta.main) await main();
