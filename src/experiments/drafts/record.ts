// What a bench of drafts has found so far: each cost with the models that it was measured of, rows with the trace and the cost that they
// come from.

import { createHash } from 'node:crypto';
import { WorkRecord } from '../../files/work-record.ts';
import type { ModelIdentity } from '../../models/model.ts';
import type { Trace } from '../../traces/trace.ts';
import { writeTrace } from '../../traces/trace-file.ts';
import type { DraftCost } from './cost.ts';
import type { PaceRow } from './rows.ts';

type Line =
  /** `of`: the fingerprints of target and draft; `draft` is for people. */
  | { readonly kind: 'cost'; readonly of: string; readonly draft: string; readonly cost: DraftCost }
  /** `of`: the trace's hash and the cost ratio. */
  | { readonly kind: 'rows'; readonly of: string; readonly rows: readonly PaceRow[] };

const recordKind = { format: 'outrider-bench-drafts', name: 'record of a bench' };

export class DraftsRecord {
  readonly #record: WorkRecord<Line>;

  private constructor(record: WorkRecord<Line>) {
    this.#record = record;
  }

  /** @param asked what all lines depend on @throws OutriderError `bad-argument` for a file that holds something else */
  static async open(path: string | null, asked: object): Promise<DraftsRecord> {
    return new DraftsRecord(await WorkRecord.open<Line>(path, recordKind, asked));
  }

  cost(target: ModelIdentity, draft: ModelIdentity): DraftCost | undefined {
    const of = pairOf(target, draft);
    const known = this.#record.lines.find((line) => line.kind === 'cost' && line.of === of);
    return known?.kind === 'cost' ? known.cost : undefined;
  }

  async addCost(target: ModelIdentity, draft: ModelIdentity, cost: DraftCost): Promise<void> {
    await this.#record.add({ kind: 'cost', of: pairOf(target, draft), draft: draft.name, cost });
  }

  rows(trace: Trace, costRatio: number): readonly PaceRow[] | undefined {
    const of = originOf(trace, costRatio);
    const known = this.#record.lines.find((line) => line.kind === 'rows' && line.of === of);
    return known?.kind === 'rows' ? known.rows : undefined;
  }

  async addRows(trace: Trace, costRatio: number, rows: readonly PaceRow[]): Promise<void> {
    await this.#record.add({ kind: 'rows', of: originOf(trace, costRatio), rows });
  }
}

function pairOf(target: ModelIdentity, draft: ModelIdentity): string {
  return `${target.fingerprint} ${draft.fingerprint}`;
}

function originOf(trace: Trace, costRatio: number): string {
  return `${createHash('sha256').update(writeTrace(trace)).digest('hex')} ${costRatio}`;
}
