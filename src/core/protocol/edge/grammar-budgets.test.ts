import { describe, expect, it } from 'vitest';
import { retrySecondsOf } from '../../basics/retry-time.ts';
import { GrammarBudgets } from './grammar-budgets.ts';

describe('the processor time of a key for grammars', () => {
  it('is refused when it is used, with the time after which it is not, and for no other key', () => {
    const budgets = new GrammarBudgets();
    for (let count = 0; count < 10; count += 1) {
      budgets.demand('one', 0);
      budgets.spend('one', 2000, 0);
    }
    const refused = refusalOf(() => budgets.demand('one', 0));
    expect(refused).toMatchObject({ code: 'rate-limited' });
    budgets.demand('two', 0);
    const seconds = retrySecondsOf(refused.remedy) as number;
    budgets.demand('one', seconds * 1000);
  });

  it('is owed for a minute and a half at most', () => {
    const budgets = new GrammarBudgets();
    budgets.spend('one', 1e9, 0);
    expect(retrySecondsOf(refusalOf(() => budgets.demand('one', 0)).remedy)).toBeLessThanOrEqual(90);
  });

  it('is what time gives, and no more than the bucket holds', () => {
    const budgets = new GrammarBudgets();
    budgets.spend('one', 20_000, 0);
    expect(() => budgets.demand('one', 0)).toThrow();
    budgets.demand('one', 1000);
    budgets.spend('one', 0, 1e9);
    budgets.spend('one', 20_000, 1e9);
    expect(() => budgets.demand('one', 1e9)).toThrow();
    // A clock that goes back gives nothing.
    expect(() => budgets.demand('one', 0)).toThrow();
  });

  it('is forgotten of the key that used it longest ago, where there are ten thousand others', () => {
    const budgets = new GrammarBudgets();
    for (let key = 0; key <= 10_000; key += 1) budgets.spend(`${key}`, 1e9, 0);
    budgets.demand('0', 0);
    for (const key of ['1', '10000']) expect(() => budgets.demand(key, 0)).toThrow();
  });
});

function refusalOf(job: () => void): { readonly code: string; readonly remedy: string } {
  try {
    job();
  } catch (error) {
    return error as { readonly code: string; readonly remedy: string };
  }
  throw new Error('it was allowed');
}
