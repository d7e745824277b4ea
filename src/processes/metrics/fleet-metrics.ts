// What Prometheus reads of a controller that is one of a fleet: who leads its cells, and whether the store of leases works.

import type { CellState } from '../controller/fleet-controller.ts';
import type { LabelledValues, MetricSet } from './metric-set.ts';

export interface FleetStatus {
  /** Those for which this controller may decide. */
  readonly cells: readonly CellState[];
  readonly isStoreUp: boolean;
  /** By error code. */
  readonly storeFailures: LabelledValues;
}

/** Without a fleet they have no cells. */
export function addFleetMetrics(set: MetricSet, read: () => FleetStatus): void {
  const ofCells = (name: string, help: string, value: (state: CellState) => number | null): void => {
    const known = (state: CellState): (readonly [string, number])[] => {
      const found = value(state);
      return found === null ? [] : [[state.cell, found]];
    };
    const values = (): LabelledValues => Object.fromEntries(read().cells.flatMap(known));
    set.readGauge(name, help, values, 'cell');
  };
  ofCells('cell_leading', '1: this controller leads the cell; 0: it waits.', ({ epoch }) => (epoch === null ? 0 : 1));
  const led = '1: a controller leads the cell, as far as this one knows.';
  ofCells('cell_led', led, ({ holder }) => (holder === null ? 0 : 1));
  ofCells('cell_epoch', 'Epoch in which this controller leads the cell; 0: it waits.', ({ epoch }) => epoch ?? 0);
  const age = 'Since the lease of the cell was last renewed, as far as this controller knows.';
  ofCells('cell_lease_age_seconds', age, ({ ageMs }) => (ageMs === null ? null : ageMs / 1000));
  set.readGauge('store_up', "1: the fleet's store answers; 0: it does not, or there is none.", () => +read().isStoreUp);
  const causes = "Causes for which the fleet's store was lost, by error code.";
  set.readCounter('store_failures_total', causes, () => read().storeFailures, 'code');
}
