import { expect, it } from 'vitest';
import { Connections } from './connections.ts';
import { defaultLiveness } from './liveness.ts';
import type { DeviceMessage, EdgeMessage } from './messages.ts';
import type { FrameConnection, FrameHandler, WireEnd } from './wire.ts';

type Carrier = FrameConnection<DeviceMessage>;

/** Connections of a device that keep what they receive. */
class Bed extends Connections<DeviceMessage, EdgeMessage, Carrier, null> {
  readonly lengths: number[] = [];

  open(): [id: number, handler: FrameHandler] {
    const carrier: Carrier = { writable: true, send: () => {}, close: () => {} };
    return this.add(carrier, {} as WireEnd<DeviceMessage, EdgeMessage>, () => null);
  }

  protected override received(_entry: unknown, { length }: { readonly length: number }): void {
    this.lengths.push(length);
  }

  protected override stamp(): number {
    return 0;
  }
}

it.each([
  ['a connection that this side has closed', (bed: Bed, id: number) => bed.close(id, 'done', 'over')],
  ['a connection that the other side has closed', (_: Bed, __: number, handler: FrameHandler) => handler.closed()],
  ['an abandoned connection', (bed: Bed) => bed.abandon()],
])('ignores what arrives on %s', (_, end) => {
  const clock = { nowMs: () => 0, after: () => () => {} };
  const bed = new Bed(clock, defaultLiveness, { linkWritable: () => {}, linkClosed: () => {} }, {});
  const [id, handler] = bed.open();
  const [, other] = bed.open();
  handler.frame({ length: 1 });
  end(bed, id, handler);
  handler.frame({ length: 2 });
  other.frame({ length: 3 });
  expect(bed.lengths).toEqual(bed.count === 0 ? [1] : [1, 3]);
});
