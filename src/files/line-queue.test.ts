import { describe, expect, it } from 'vitest';
import { LineQueue, type LineQueueSettings } from './line-queue.ts';

const settings: LineQueueSettings = { mostWaiting: 100, pauseMs: 1, failed: () => true };

function queueTo(append: (text: string) => Promise<void>, changes: Partial<LineQueueSettings> = {}) {
  const now: string[] = [];
  return { now, queue: new LineQueue({ append, appendNow: (text) => now.push(text) }, { ...settings, ...changes }) };
}

describe('LineQueue', () => {
  it('writes lines in order, those of one moment together', async () => {
    const written: string[] = [];
    const { queue } = queueTo(async (text) => void written.push(text));
    for (const line of ['a', 'b']) queue.write(line);
    await queue.flush();
    queue.write('c');
    await queue.flush();
    expect(written).toEqual(['a\nb\n', 'c\n']);
  });

  it('drops and counts lines where the disk is slow, and never grows beyond its bound', async () => {
    let finish = (): void => {};
    const texts: string[] = [];
    const { queue } = queueTo((text) => {
      texts.push(text);
      return new Promise((resolve) => (finish = resolve));
    });
    queue.write('first');
    await Promise.resolve();
    await Promise.resolve();
    for (let line = 0; line < 1000; line += 1) queue.write('0123456789');
    expect(queue.dropped).toBe(1000 - 9);
    finish();
    await expect.poll(() => texts.length).toBe(2);
    finish();
    await queue.flush();
    expect(texts[1]?.length).toBe(9 * 11);
  });

  it('goes on after a failure, or ends for good', async () => {
    for (const goesOn of [true, false]) {
      let fails = true;
      const texts: string[] = [];
      const { queue } = queueTo(
        async (text) => {
          if (fails) throw new Error('ENOSPC');
          texts.push(text);
        },
        { failed: () => goesOn },
      );
      queue.write('lost');
      await queue.flush();
      fails = false;
      queue.write('kept');
      await queue.flush();
      expect([texts, queue.dropped]).toEqual(goesOn ? [['kept\n'], 1] : [[], 2]);
    }
  });

  it('writes what waits at the end of the process', () => {
    const { now, queue } = queueTo(() => new Promise(() => {}));
    queue.write('a');
    queue.write('b');
    queue.flushNow();
    expect(now).toEqual(['a\nb\n']);
  });

  it('counts what waits and what still comes as dropped once it has stopped', () => {
    const { now, queue } = queueTo(() => new Promise(() => {}));
    queue.write('a');
    queue.write('b');
    queue.stop();
    queue.write('c');
    queue.flushNow();
    expect([queue.dropped, now]).toEqual([3, []]);
  });
});
