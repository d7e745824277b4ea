// The figures of a run's report, as specifications: distributions of times, load of servers, terms of the objective, batteries. Data in,
// specification out; nothing here depends on a run.

import { barsFigure } from '../../charts/bars.ts';
import { type Line, panelsFigure } from '../../charts/line-panels.ts';
import { dashes, type Figure, seriesColor } from '../../charts/theme.ts';

/** Median and 95th percentile are drawn as markers; a null or undefined value has no marker. */
interface HistogramTitle {
  readonly title: string;
  readonly median: number | null | undefined;
  readonly p95: number | null | undefined;
}

/** Bars over classes that grow by a factor. @param counts see ReportNotes */
export function histogramFigure({ title, median, p95 }: HistogramTitle, counts: ReadonlyMap<number, number>): Figure {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const first = Math.min(...counts.keys());
  const last = Math.max(...counts.keys());
  const bars = Array.from({ length: last - first + 1 }, (_, offset) => {
    const index = first + offset;
    const height = (100 * (counts.get(index) ?? 0)) / total;
    return { from: 2 ** (index / 4), to: 2 ** ((index + 1) / 4), height };
  });
  const low = 2 ** (first / 4);
  const high = 2 ** ((last + 1) / 4);
  const markers = Object.entries({ median, '95 %': p95 }).flatMap(([name, at]) => {
    if (typeof at !== 'number' || at < low || at > high) return [];
    return [{ at, label: `${name} ${Number(at.toPrecision(3)).toLocaleString('en')}` }];
  });
  return barsFigure({ title, subtitle: [], bars, xTitle: 'ms', yTitle: '% of all', xScale: 'log', markers });
}

/** @param what which kind of load is drawn @param busyMs busy time of each server @param spentMs duration of the run */
export function serverLoadFigure(what: string, busyMs: readonly number[], spentMs: number): Figure {
  return barsFigure({
    title: 'Load of each server',
    subtitle: [what],
    bars: busyMs.map((ms, server) => ({ from: server - 0.4, to: server + 0.4, height: (100 * ms) / spentMs })),
    xTitle: 'server',
    yTitle: '%',
    yMost: 100,
    xTicks: busyMs.map((_, server) => server),
  });
}

/** A line for each named column over the slots. @param rows blocks of slots @param isLog values of 0 are left out */
export function timeSeriesFigure(
  title: string,
  yTitle: string,
  rows: readonly object[],
  columns: Readonly<Record<string, string>>,
  isLog = false,
): Figure {
  const lines = Object.entries(columns).map(([column, style]): Line => {
    const points = rows.flatMap((row) => {
      const { firstSlot, [column]: value } = row as Record<string, number | null>;
      return typeof value === 'number' && (!isLog || value > 0) ? [{ x: firstSlot as number, y: value }] : [];
    });
    return { style, points };
  });
  return panelsFigure({
    title,
    subtitle: [],
    styles: Object.values(columns).map((name, index) => ({
      name,
      color: seriesColor(index),
      dash: dashes.full,
      hidesPoints: true,
    })),
    panels: [{ xTitle: 'slot', yTitle, xTicks: 6, yScale: isLog ? 'log' : 'linear', lines }],
    names: 'at-ends',
  });
}
