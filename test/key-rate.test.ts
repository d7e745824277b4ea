// What all connections of a key may send together, and what an opening costs that does not fit.

import { expect, it } from 'vitest';
import { defaultRate, EdgeConnections } from '../src/core/protocol/edge/edge-connections.ts';
import { edgeKey } from '../src/core/protocol/edge/edge-key.ts';
import { testHello, testOpening } from '../src/core/protocol/edge/edge-session.fixture.ts';
import { DeviceCodec } from '../src/core/protocol/wire/codec.ts';
import type { DeviceMessage } from '../src/core/protocol/wire/messages.ts';
import { byteWire, type FrameHandler } from '../src/core/protocol/wire/wire.ts';
import { createManualClock } from '../src/network/transport/manual-clock.contract.ts';

const ping: DeviceMessage = { kind: 'ping', stamp: 1 };

function bed(checkLengths?: (promptLength: number, answerLength: number) => void) {
  const clock = createManualClock();
  const closed: string[] = [];
  const received: string[] = [];
  const sink = {
    receive: (_link: number, message: DeviceMessage) => void received.push(message.kind),
    isAttached: () => true,
    linkClosed: () => {},
    linkWritable: () => {},
  };
  const settings = {
    hello: () => testHello,
    keyOf: (credentials: string) => edgeKey(credentials),
    rate: defaultRate,
    keyRate: { framesPerSecond: 1, burstFrames: 10, bytesPerSecond: 1000, burstBytes: 4000 },
    liveness: { pingAfterMs: 4000, lostAfterMs: 15_000 },
    wire: byteWire,
    ...(checkLengths === undefined ? {} : { checkLengths }),
  };
  const connections = new EdgeConnections(settings, clock, sink, {});
  return {
    clock,
    closed,
    received,
    connect(name: string) {
      const codec = new DeviceCodec();
      const handler: FrameHandler = connections.accept({
        writable: true,
        send: () => {},
        close: (code) => void closed.push(`${name}: ${code}`),
      });
      return (message: DeviceMessage): void => handler.frame(codec.encode(message));
    },
  };
}

it('is limited by key: a second connection gets no full bucket, another key does', () => {
  const { clock, closed, connect } = bed();
  const [first, second, other] = [connect('first'), connect('second'), connect('other')];
  first(testOpening({ credentials: 'mine' }));
  second(testOpening({ credentials: 'mine' }));
  other(testOpening({ credentials: 'theirs' }));
  for (let count = 0; count < 8; count += 1) first(ping);
  expect(closed).toEqual([]);
  second(ping);
  expect(closed).toEqual(['second: rate-limited']);
  for (let count = 0; count < 8; count += 1) other(ping);
  expect(closed).toEqual(['second: rate-limited']);
  clock.moveTo(2000);
  first(ping);
  expect(closed).toEqual(['second: rate-limited']);
});

it('counts the opening itself, and closes what comes after the bucket is empty before it reaches a session', () => {
  const { closed, connect, received } = bed();
  const prompt = Array.from({ length: 1500 }, () => 1000);
  for (const name of ['first', 'second']) connect(name)(testOpening({ credentials: 'mine', prompt }));
  expect(closed).toEqual(['second: rate-limited']);
  expect(received).toEqual(['open']);
});

it('is told of the lengths of a text before its ids are read', () => {
  const lengths: number[][] = [];
  const { closed, connect } = bed((...both) => {
    lengths.push(both);
    throw new Error('too long');
  });
  connect('one')(testOpening({ credentials: 'mine', prompt: [1, 2, 3], answer: [4] }));
  expect(lengths).toEqual([[3, 1]]);
  expect(closed).toEqual(['one: internal']);
});
