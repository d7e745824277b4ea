// The figures of Fig. 2: latency against the window, and against the uplink.

import {
  type Line,
  type LinePoint,
  type LineStyle,
  type Panel,
  panelsFigure,
} from '../../../simulator/charts/line-panels.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import type { Figure } from '../../../simulator/runner/experiment.ts';
import type { TaskKind } from '../../../simulator/world/workload-lengths.ts';
import { estimate } from '../../../src/core/basics/bootstrap.ts';
import { groupsOf, meanMsPerToken, topUplink } from './fig2-page.ts';
import {
  msPerToken,
  type PlayedCase,
  type PlayedTask,
  quickestCase,
  uplinksOf,
  windowedCases,
} from './fig2-windows.ts';

const { blue, purple, green, orange } = palette;
const kindNames: Readonly<Record<TaskKind, string>> = {
  code: 'code, PSD',
  summarisation: 'summaries, PSD',
  chat: 'chat, PSD',
};
const alone = 'edge alone';
const stream = 'stream (ours)';
const styles: readonly LineStyle[] = [
  { name: kindNames.code, color: blue, dash: [] },
  { name: kindNames.summarisation, color: purple, dash: [] },
  { name: kindNames.chat, color: green, dash: [] },
  { name: alone, color: '#AAAAAA', dash: [], width: 5 },
  { name: stream, color: orange, dash: [6, 3] },
];

export function fig2Figures(tasks: readonly PlayedTask[]): Figure[] {
  const groups = groupsOf(tasks);
  const top = topUplink(tasks);
  const about =
    'preset: phones draft, GPUs verify; loaded edge: with 1/9 of a GPU; one machine: both models on the same hardware. q16: 0.8 Mbit a draft; ids: 16 bit.';
  return [
    {
      name: 'fig2-window',
      caption: `Latency of PSD against the window at ${top} Mbit/s, by task, hardware and payload law.`,
      spec: panelsFigure({
        title: 'Latency of PSD against the window gamma',
        subtitle: [
          about,
          `Uplink ${top} Mbit/s. Bands: 95 %. Edge alone and stream: means of the three tasks, no window.`,
        ],
        styles,
        panels: groups.map((group) => windowPanel(group, top)),
        columns: 2,
      }),
    },
    {
      name: 'fig2-uplink',
      caption: 'Latency of PSD against the uplink, each point with its best window.',
      spec: panelsFigure({
        title: "Latency of PSD against the uplink's rate",
        subtitle: [
          about,
          'Each point with its best window. Bands: 95 %. Edge alone and stream: means of the three tasks.',
        ],
        styles,
        panels: groups.map(uplinkPanel),
        columns: 2,
      }),
    },
  ];
}

function titleOf([task]: readonly PlayedTask[]): string {
  return `hardware: ${task?.hardware}; payload ${task?.law}`;
}

function windowPanel(group: readonly PlayedTask[], uplink: number): Panel {
  const lines = group.map((task): Line => {
    const cases = windowedCases(task, uplink);
    return { style: kindNames[task.kind], points: cases.map((one) => pointOf(one.window, one)) };
  });
  const windows = lines[0]?.points.map(({ x }) => x) ?? [];
  const flat = (style: string, mode: 'ar' | 'stream'): Line => {
    const y = meanMsPerToken(group, mode, uplink);
    return { style, points: [windows[0] as number, windows.at(-1) as number].map((x) => ({ x, y })) };
  };
  return {
    title: titleOf(group),
    xTitle: 'window gamma, tokens',
    yTitle: 'ms per token',
    xTicks: [1, 5, 10, 15, 20, 25, 30, 40].filter((x) => x <= (windows.at(-1) as number)),
    lines: [...lines, flat(alone, 'ar'), flat(stream, 'stream')],
  };
}

function uplinkPanel(group: readonly PlayedTask[]): Panel {
  const uplinks = uplinksOf(group);
  const mean = (style: string, mode: 'ar' | 'stream'): Line => ({
    style,
    points: uplinks.map((x) => ({ x, y: meanMsPerToken(group, mode, x) })),
  });
  const lines = group.map(
    (task): Line => ({
      style: kindNames[task.kind],
      points: uplinks.map((x) => pointOf(x, quickestCase(windowedCases(task, x)))),
    }),
  );
  return {
    title: titleOf(group),
    xTitle: 'uplink, Mbit/s (logarithmic)',
    yTitle: 'ms per token (logarithmic)',
    xScale: 'log',
    yScale: 'log',
    marker: { x: 50, label: '50 Mbit/s' },
    lines: [...lines, mean(alone, 'ar'), mean(stream, 'stream')],
  };
}

function pointOf(x: number, one: PlayedCase): LinePoint {
  const { value, interval } = estimate(one.ms.length, (pick) => msPerToken(one, pick));
  return { x, y: value, low: interval[0], high: interval[1] };
}
