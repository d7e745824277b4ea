// Which targets a live edge takes, and what they change; without sockets.

import { describe, expect, it } from 'vitest';
import { edgeKey } from '../../core/protocol/edge/edge-key.ts';
import type { OpenMessage } from '../../core/protocol/wire/messages.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { type Edge, startEdge } from './edge.ts';
import type { EdgeOptions } from './edge-options.ts';
import { RawDevice } from './raw-device.fixture.ts';

const toy = createToyModel({ seed: 21, role: 'target', sequences: 4, contextLength: 30_000 });

/** A step of one row takes 70 ms by the edge's model, and of two 80 ms. The toy is quicker, which the edge does not learn. */
function start(options: Partial<EdgeOptions> = {}): Promise<Edge> {
  const stepTime = linearStepTime(60, 10);
  return startEdge({ model: toy, stepTime, learnsStepTime: false, lookUpTokens: 0, ...options });
}

let count = 0;

/** @returns what the edge has answered to an endless answer without drafts: a commit or a refusal */
async function opened(edge: Edge, changes: Partial<OpenMessage>): Promise<RawDevice['received'][number] | undefined> {
  count += 1;
  const session = count.toString(16).padStart(32, '0');
  const endless = { maxAnswerTokens: 25_000, flowControlWindow: 30_000 };
  const prompt = [300 + count, 301, 302];
  const device = new RawDevice(edge).open(toy, {
    session,
    conversation: session,
    mode: 'ar',
    prompt,
    ...endless,
    ...changes,
  });
  const answers = () => device.received.filter(({ kind }) => kind === 'commit' || kind === 'refused');
  await device.until(() => answers().length > 0);
  return answers()[0];
}

describe('a target', () => {
  it('is refused where it could not be kept, and nothing else is', async () => {
    await using edge = await start();
    expect(await opened(edge, { targetMsPerToken: 75 })).toMatchObject({ kind: 'commit' });
    const refused = {
      kind: 'refused',
      code: 'target-refused',
      cause: "this edge can't keep 75 ms a token with 2 sessions",
    };
    expect(await opened(edge, { targetMsPerToken: 75 })).toMatchObject(refused);
    // Drafts in time would give it more than a token a step.
    expect(await opened(edge, { targetMsPerToken: 75, mode: 'stream' })).toMatchObject({ kind: 'commit' });
    expect(await opened(edge, { targetMsPerToken: 105 })).toMatchObject({ kind: 'commit' });
    expect(await opened(edge, {})).toMatchObject({ kind: 'commit' });
  });

  it('is clipped to the step of a session alone', async () => {
    await using edge = await start();
    expect(await opened(edge, { targetMsPerToken: 1 })).toMatchObject({ kind: 'commit' });
    expect(await opened(edge, { targetMsPerToken: 1 })).toMatchObject({ cause: expect.stringContaining('70 ms') });
  });

  it('is clipped to the class of its key, which sessions have without one', async () => {
    const keys = [edgeKey('quick', { targetMsPerToken: 75 }), edgeKey('slow', { targetMsPerToken: 85 })];
    await using edge = await start({ keyOf: (shown) => keys.find(({ id }) => id === shown) ?? null });
    expect(await opened(edge, { credentials: 'quick' })).toMatchObject({ kind: 'commit' });
    expect(await opened(edge, { credentials: 'quick' })).toMatchObject({ code: 'target-refused' });
    expect(await opened(edge, { credentials: 'slow', targetMsPerToken: 75 })).toMatchObject({ kind: 'commit' });
    const third = await opened(edge, { credentials: 'slow', targetMsPerToken: 75 });
    expect(third).toMatchObject({ cause: "this edge can't keep 85 ms a token with 3 sessions" });
  });

  it('is that of the edge for keys without a class', async () => {
    await using edge = await start({ targetMsPerToken: 75 });
    expect(await opened(edge, {})).toMatchObject({ kind: 'commit' });
    expect(await opened(edge, {})).toMatchObject({ code: 'target-refused' });
    expect(await opened(edge, { targetMsPerToken: 90 })).toMatchObject({ kind: 'commit' });
  });

  it('can be ordered for a running session, within its class', async () => {
    await using edge = await start();
    const session = 'f'.repeat(32);
    const device = new RawDevice(edge).open(toy, {
      session,
      mode: 'ar',
      maxAnswerTokens: 25_000,
      flowControlWindow: 30_000,
    });
    await device.until(() => device.text.length > 0);
    expect(edge.setShares([{ session, targetMsPerToken: 100 }])).toEqual({ set: 1, unknown: [] });
    const nothing = () => edge.setShares([{ session, targetMsPerToken: 0 }]);
    expect(nothing).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
