// The contract of every transport, as a test suite; the test file of each transport runs it.

import { afterEach, describe, expect, it } from 'vitest';
import { type ErrorCode, errorCodes } from '../../core/basics/errors.ts';
import type { Accept, CloseReason, Connect, Connection, ConnectionHandler } from './transport.ts';

export interface TransportHarness {
  readonly connect: Connect;
  /** Breaks all connections without a close. */
  vanish(): void;
  /** The edge stops: connections end, and no new one can be opened. */
  close(): Promise<void>;
}

/** Starts an edge. Frames of both sides may have `maxFrameBytes`. Transmission must take time on this link. */
export type OpenTransport = (accept: Accept, maxFrameBytes: number) => Promise<TransportHarness>;

/** One end of a connection, with a record of its events. */
export interface Witness {
  readonly connection: Connection;
  readonly frames: Uint8Array[];
  readonly reasons: CloseReason[];
  writableCount: number;
  afterClosedCount: number;
}

/** A handler that records events; `onFrame` runs after a frame is recorded. */
export function witness(
  connection: Connection,
  onFrame: (bytes: Uint8Array) => void = () => {},
): Witness & { readonly handler: ConnectionHandler } {
  const seen = { connection, frames: [], reasons: [], writableCount: 0, afterClosedCount: 0 } as Witness;
  const note = (change: () => void): void => {
    if (seen.reasons.length > 0) seen.afterClosedCount += 1;
    change();
  };
  const handler: ConnectionHandler = {
    frame: (bytes) =>
      note(() => {
        seen.frames.push(bytes);
        onFrame(bytes);
      }),
    writable: () => note(() => seen.writableCount++),
    closed: (reason) => note(() => seen.reasons.push(reason)),
  };
  return Object.assign(seen, { handler });
}

/** Resolves when the condition holds; only the time-out of the test limits it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 40));
const maxFrameBytes = 1_048_576;

function pattern(size: number, salt: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8) + salt) & 0xff);
}

function equalBytes(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && Buffer.compare(left, right) === 0;
}

/** One edge with its devices; new for each case. */
interface Stage {
  /** All edge ends so far, in the order of connecting. */
  readonly edges: readonly Witness[];
  /** Starts the edge, unless it runs already. */
  start(onFrame?: (edge: Connection, bytes: Uint8Array) => void): Promise<TransportHarness>;
  connect(): Promise<Witness>;
  /** Both ends of one new connection. */
  pair(): Promise<{ device: Witness; edge: Witness }>;
}

/** @param dropsAtOnce whether a connection can be dropped while sent frames still wait; the platform's own WebSocket can't do that */
export function transportContract(open: OpenTransport, dropsAtOnce = true): void {
  let harness: Promise<TransportHarness> | undefined;
  const edges: Witness[] = [];

  afterEach(async () => {
    await (await harness)?.close();
    harness = undefined;
    edges.length = 0;
  });

  const stage: Stage = {
    edges,
    start(onFrame) {
      harness ??= open((connection) => {
        const edge = witness(connection, (bytes) => onFrame?.(connection, bytes));
        edges.push(edge);
        return edge.handler;
      }, maxFrameBytes);
      return harness;
    },
    async connect() {
      const { connect } = await stage.start();
      let device: Witness | undefined;
      const connection = await connect((accepted) => {
        const made = witness(accepted);
        device = made;
        return made.handler;
      });
      if (device === undefined) throw new Error('connect resolved before accept was called');
      expect(device.connection).toBe(connection);
      return device;
    },
    async pair() {
      const before = edges.length;
      const device = await stage.connect();
      await until(() => edges.length > before);
      return { device, edge: edges.at(-1) as Witness };
    },
  };

  describe('frames', () => frameCases(stage));
  describe('endings', () => endingCases(stage));
  describe('broken connections', () => lossCases(stage, dropsAtOnce));
  describe('connecting', () => connectingCases(stage));
}

function frameCases({ start, connect, pair, edges }: Stage): void {
  it('arrive complete, from 0 bytes to the limit, in both directions', async () => {
    const { device, edge } = await pair();
    const sizes = [0, 1, 125, 126, 65_535, 65_536, maxFrameBytes];
    for (const [salt, size] of sizes.entries()) {
      device.connection.send(pattern(size, salt));
      edge.connection.send(pattern(size, salt + 100));
    }
    await until(() => device.frames.length === sizes.length && edge.frames.length === sizes.length);
    for (const [salt, size] of sizes.entries()) {
      expect(equalBytes(edge.frames[salt], pattern(size, salt))).toBe(true);
      expect(equalBytes(device.frames[salt], pattern(size, salt + 100))).toBe(true);
      expect(edge.frames[salt]?.constructor).toBe(Uint8Array);
    }
  });

  it('arrive in order and are counted on both sides', async () => {
    const { device, edge } = await pair();
    for (let index = 0; index < 2000; index++) {
      device.connection.send(Uint8Array.of(index & 0xff, index >> 8));
      edge.connection.send(Uint8Array.of(index & 0xff, index >> 8, 7));
    }
    await until(() => device.frames.length === 2000 && edge.frames.length === 2000);
    expect(edge.frames.map((bytes) => (bytes[0] ?? 0) + 256 * (bytes[1] ?? 0))).toEqual([...Array(2000).keys()]);
    expect(device.frames.map((bytes) => (bytes[0] ?? 0) + 256 * (bytes[1] ?? 0))).toEqual([...Array(2000).keys()]);
    const counted = { sentFrames: 2000, sentBytes: 4000, receivedFrames: 2000, receivedBytes: 6000 };
    expect(device.connection).toMatchObject(counted);
    expect(edge.connection).toMatchObject({ ...counted, sentBytes: 6000, receivedBytes: 4000 });
  });

  it('go to the connection that they belong to', async () => {
    await start((connection, bytes) => connection.send(bytes));
    const devices = await Promise.all(Array.from({ length: 50 }, connect));
    for (const [index, device] of devices.entries()) {
      for (let count = 0; count < 5; count++) device.connection.send(Uint8Array.of(index, count));
    }
    await until(() => devices.every((device) => device.frames.length === 5));
    expect(edges).toHaveLength(50);
    for (const [index, device] of devices.entries()) {
      expect(device.frames.map((bytes) => [...bytes])).toEqual([0, 1, 2, 3, 4].map((count) => [index, count]));
    }
  });

  it('make the connection not writable if a side sends more than the link carries', async () => {
    const { device, edge } = await pair();
    const frames = Array.from({ length: 64 }, (_, index) => pattern(65_536, index));
    expect(device.connection.writable).toBe(true);
    for (const bytes of frames) device.connection.send(bytes);
    expect(device.connection.writable).toBe(false);
    expect(device.writableCount).toBe(0);
    await until(() => edge.frames.length === 64 && device.writableCount > 0);
    expect(device.connection.writable).toBe(true);
    expect(frames.every((bytes, index) => equalBytes(edge.frames[index], bytes))).toBe(true);
  });

  it.each(['device', 'edge'] as const)(
    'over the limit, from the %s, end their connection and only that',
    async (sender) => {
      const { device, edge } = await pair();
      const [from, to] = sender === 'device' ? [device, edge] : [edge, device];
      from.connection.send(new Uint8Array(maxFrameBytes + 1));
      await until(() => device.reasons.length > 0 && edge.reasons.length > 0);
      expect(to.frames).toHaveLength(0);
      expect(to.reasons[0]).toMatchObject({ by: 'us', code: 'protocol-error' });
      expect(from.reasons[0]).toMatchObject({ by: 'peer', code: 'protocol-error' });
      const next = await pair();
      next.device.connection.send(Uint8Array.of(1));
      await until(() => next.edge.frames.length === 1);
    },
  );
}

function endingCases({ start, pair }: Stage): void {
  const spoken: readonly (ErrorCode | 'done')[] = [
    ...errorCodes.filter((code) => code !== 'edge-unreachable'),
    'done' as const,
  ];

  it('tell the peer why, after the frames sent before', async () => {
    for (const code of spoken) {
      const { device, edge } = await pair();
      edge.connection.send(Uint8Array.of(1));
      edge.connection.close(code, 'because: ü');
      await until(() => device.reasons.length > 0 && edge.reasons.length > 0);
      expect(device.frames).toHaveLength(1);
      expect(device.reasons).toEqual([{ by: 'peer', code, detail: 'because: ü' }]);
      expect(edge.reasons).toEqual([{ by: 'us', code, detail: 'because: ü' }]);
    }
  });

  it('truncate a detail that is too long', async () => {
    const { device, edge } = await pair();
    device.connection.close('bad-argument', 'é'.repeat(2000));
    await until(() => device.reasons.length > 0 && edge.reasons.length > 0);
    expect(edge.reasons[0]).toMatchObject({ by: 'peer', code: 'bad-argument' });
    expect(edge.reasons[0]?.detail).toMatch(/^é{50,}$/);
  });

  it('happen once, and nothing is called afterwards', async () => {
    const { device, edge } = await pair();
    for (let count = 0; count < 20; count++) edge.connection.send(pattern(30_000, count));
    device.connection.send(Uint8Array.of(1));
    device.connection.close('done', '');
    device.connection.close('internal', 'a second close');
    edge.connection.close('done', 'both at once');
    await until(() => device.reasons.length > 0 && edge.reasons.length > 0);
    await settle();
    expect(device.reasons).toEqual([{ by: 'us', code: 'done', detail: '' }]);
    expect(edge.reasons).toHaveLength(1);
    expect(device.afterClosedCount + edge.afterClosedCount).toBe(0);
  });

  it('deliver no frame after the close of this side', async () => {
    const harness = await start((connection, bytes) => connection.send(bytes));
    const device = await new Promise<Witness>((resolve, reject) => {
      const accept: Accept = (connection) => {
        const made = witness(connection, () => connection.close('done', ''));
        for (let count = 0; count < 10; count++) connection.send(Uint8Array.of(count));
        resolve(made);
        return made.handler;
      };
      harness.connect(accept).catch(reject);
    });
    await until(() => device.reasons.length > 0);
    expect(device.frames.map((bytes) => bytes[0])).toEqual([0]);
    expect(device.connection.receivedFrames).toBe(1);
  });

  it('make sending have no effect', async () => {
    const { device, edge } = await pair();
    device.connection.close('done', '');
    device.connection.send(Uint8Array.of(1));
    await until(() => device.reasons.length > 0 && edge.reasons.length > 0);
    device.connection.send(Uint8Array.of(1));
    edge.connection.send(Uint8Array.of(1));
    await settle();
    expect([device.frames, edge.frames]).toEqual([[], []]);
    expect(device.connection.sentFrames).toBe(0);
  });
}

function lossCases({ start, pair, edges }: Stage, dropsAtOnce: boolean): void {
  it('end by the network on both sides', async () => {
    const { device, edge } = await pair();
    const other = await pair();
    (await start()).vanish();
    for (const end of [device, edge, other.device, other.edge]) {
      await until(() => end.reasons.length > 0);
      expect(end.reasons).toMatchObject([{ by: 'network', code: 'edge-unreachable' }]);
      end.connection.send(Uint8Array.of(1));
      end.connection.close('done', '');
    }
    await settle();
    expect(edges.map((end) => end.afterClosedCount)).toEqual([0, 0]);
    expect(edges.map((end) => end.frames.length)).toEqual([0, 0]);
  });

  it('are the result if a side drops its end without a close', async () => {
    const { device, edge } = await pair();
    device.connection.close('edge-unreachable', 'no answer');
    await until(() => device.reasons.length > 0 && edge.reasons.length > 0);
    expect(device.reasons).toMatchObject([{ by: 'network', code: 'edge-unreachable' }]);
    expect(edge.reasons).toMatchObject([{ by: 'network', code: 'edge-unreachable' }]);
  });

  it('are final even while many frames wait', async () => {
    const { device, edge } = await pair();
    for (const end of [device, edge]) {
      for (let count = 0; count < 40; count++) end.connection.send(new Uint8Array(65_536));
    }
    device.connection.close('edge-unreachable', '');
    await until(() => device.reasons.length > 0 && edge.reasons.length > 0);
    await settle();
    expect([device.afterClosedCount, edge.afterClosedCount]).toEqual([0, 0]);
    if (dropsAtOnce) expect(edge.frames.length).toBeLessThan(40);
  });
}

function connectingCases({ start }: Stage): void {
  const accept: Accept = (connection) => witness(connection).handler;

  it('can be aborted before it starts', async () => {
    const harness = await start();
    await expect(harness.connect(accept, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'interrupted',
    });
  });

  it('is not undone by a later abort', async () => {
    const harness = await start();
    const controller = new AbortController();
    let device: Witness | undefined;
    const connection = await harness.connect(
      (accepted) => {
        const made = witness(accepted);
        device = made;
        return made.handler;
      },
      { signal: controller.signal },
    );
    controller.abort();
    await settle();
    expect(device?.reasons).toEqual([]);
    connection.close('done', '');
  });

  it('fails with a remedy when no edge listens', async () => {
    const harness = await start();
    await harness.close();
    await expect(harness.connect(accept)).rejects.toMatchObject({ name: 'OutriderError', code: 'edge-unreachable' });
  });
}
