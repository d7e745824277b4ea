// A chart over time. The library is loaded when the first chart is shown.

import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { fleetWords } from '../parts/words.ts';
import type { History } from './history.ts';
import { ticks } from './model.ts';
import { colorNamed, onSchemeChange } from './palette.ts';
import { shownNumber } from './shown.ts';

export interface Line {
  readonly field: string;
  readonly name: string;
  /** A variable of the style. */
  readonly color: string;
  readonly isDashed?: boolean;
}

interface ChartProps {
  readonly title: string;
  readonly history: History;
  readonly lines: readonly Line[];
}

const heightPixels = 160;

/** Seconds. */
const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600];
const compact = new Intl.NumberFormat('en', { notation: 'compact' });

type Columns = uPlot.AlignedData;

export function Chart({ title, history, lines }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const fields = lines.map(({ field }) => field);
  const columns = (): Columns => history.columns(fields);
  useEffect(() => {
    const { current } = host;
    if (current === null) return;
    let isGone = false;
    let stop = (): void => {};
    void import('uplot').then(({ default: Plot }) => {
      if (isGone) return;
      const make = (): void => {
        plot.current?.destroy();
        plot.current = new Plot(optionsOf(lines, current.clientWidth), columns(), current);
      };
      make();
      const resized = new ResizeObserver(() =>
        plot.current?.setSize({ width: current.clientWidth, height: heightPixels }),
      );
      resized.observe(current);
      const stopFollowing = onSchemeChange(make);
      stop = () => {
        resized.disconnect();
        stopFollowing();
      };
    });
    return () => {
      isGone = true;
      stop();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [history]);
  const tick = ticks.value;
  useEffect(() => plot.current?.setData(columns()), [tick]);
  const [, ...values] = columns();
  const now = lines.map(({ name }, at) => `${name} ${shownNumber(values[at]?.at(-1))}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        {title}
        {lines.map(({ field, name, color }) => (
          <span key={field} class="key">
            <span class={`swatch ${color.slice(2)}`} /> {name}
          </span>
        ))}
      </figcaption>
      <div ref={host} role="img" aria-label={fleetWords.chartNow(title, now)} />
    </figure>
  );
}

function optionsOf(lines: readonly Line[], width: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colorNamed('--faint'),
    grid: { stroke: colorNamed('--grid'), width: 1 },
    ticks: { stroke: colorNamed('--grid'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  return {
    width,
    height: heightPixels,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, Number.isFinite(most) ? 1.1 * most : 1)] } },
    axes: [
      { ...axis, values: timesOf, incrs: timeSteps, space: 90 },
      { ...axis, values: (_, values) => values.map((one) => compact.format(one)), size: 52 },
    ],
    series: [
      {},
      ...lines.map(({ color, isDashed }) => ({
        stroke: colorNamed(color),
        width: 2,
        points: { show: false },
        ...(isDashed === true ? { dash: [6, 5] } : {}),
      })),
    ],
  };
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

function timesOf(_: uPlot, seconds: number[]): string[] {
  return seconds.map((one) => clock.format(1000 * one));
}
