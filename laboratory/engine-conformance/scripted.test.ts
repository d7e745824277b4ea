import { describe, expect, it } from 'vitest';
import { Gate } from '../../src/models/port/gate.fixture.ts';
import { contractTokens, describeModelContract } from '../../src/models/port/model.contract.ts';
import { createToyModel } from '../../src/models/port/toy.ts';
import { scriptModel } from './scripted.ts';

const toy = () => createToyModel({ seed: 7, role: 'target', sequences: 3, contextLength: 300 });

describeModelContract('scripted toy', async () => scriptModel(toy(), {}));

describe('a scripted model', () => {
  it('works when its script lets it, and gives what the script makes of the results', async () => {
    const gate = new Gate();
    const calls: number[] = [];
    const model = scriptModel(toy(), {
      beforeEvaluate: async (_items, call) => {
        calls.push(call);
        await gate.pass();
      },
      afterEvaluate: (results, _items, call) => (call === 1 ? results.map((rows) => rows.slice(1)) : results),
    });
    const sequence = model.openSequence();
    const tokens = contractTokens(model, 4);
    gate.close();
    const first = model.evaluate([{ sequence, tokens, rows: 2 }]);
    await gate.reached();
    expect(sequence.length).toBe(0);
    gate.open();
    expect((await first).map((rows) => rows.length)).toEqual([1]);
    const second = await model.evaluate([{ sequence, tokens, rows: 2 }]);
    expect(second.map((rows) => rows.length)).toEqual([2]);
    expect([calls, sequence.length]).toEqual([[1, 2], 8]);
  });

  it('copies where the inner one can, and only there', async () => {
    const inner = toy();
    const openSequence = () => Object.assign(inner.openSequence(), { copyFrom: undefined });
    expect(scriptModel({ ...inner, openSequence }, {}).openSequence().copyFrom).toBeUndefined();
    const model = scriptModel(toy(), {});
    const [from, to] = [model.openSequence(), model.openSequence()];
    await model.evaluate([{ sequence: from, tokens: contractTokens(model, 4), rows: 0 }]);
    await to.copyFrom?.(from, 3);
    expect([from.length, to.length]).toEqual([4, 3]);
  });

  it('fails where its script does', async () => {
    const no = (): never => {
      throw new Error('no');
    };
    const tokens = contractTokens(toy(), 4);
    const closed = scriptModel(toy(), { openSequence: no });
    expect(() => closed.openSequence()).toThrow('no');
    const before = scriptModel(toy(), { beforeEvaluate: no, truncate: no, release: no });
    const sequence = before.openSequence();
    await expect(before.evaluate([{ sequence, tokens, rows: 1 }])).rejects.toThrow('no');
    expect(sequence.length).toBe(0);
    await expect(sequence.truncate(0)).rejects.toThrow('no');
    await expect(sequence.release()).rejects.toThrow('no');
    const after = scriptModel(toy(), { afterEvaluate: no });
    const held = after.openSequence();
    await expect(after.evaluate([{ sequence: held, tokens, rows: 1 }])).rejects.toThrow('no');
    expect(held.length).toBe(4);
  });
});
