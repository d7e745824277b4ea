import { expect, it } from 'vitest';
import { edgeKey } from '../../core/protocol/edge/edge-key.ts';
import { RowQuotas } from '../../core/protocol/edge/row-quotas.ts';
import { quotasOf } from './edge-quotas.ts';

it('reports after a time without a controller only the rows that have not come back', () => {
  let nowMs = 0;
  const rows = new RowQuotas();
  const quotas = quotasOf(rows, { nowMs: () => nowMs, after: () => () => {} });
  rows.spend(edgeKey('ada', { rowsPerMinute: 600 }), 500, 0);
  nowMs = 30_000;
  const first = quotas.parcel(9);
  expect(first?.rowsUsed).toEqual([{ key: 'ada', rows: 200, rowsPerMinute: 600 }]);
  nowMs = 45_000;
  expect(quotas.parcel(9)).toEqual({ id: first?.id, rowsUsed: [{ key: 'ada', rows: 50, rowsPerMinute: 600 }] });
});
