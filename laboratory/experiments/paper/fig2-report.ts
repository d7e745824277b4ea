// The claims, tables and figures of Fig. 2.

import type { Spec } from 'vega';
import {
  estimatePoint,
  type Line,
  type LineStyle,
  type Panel,
  panelsFigure,
} from '../../../simulator/charts/line-panels.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import { type DraftClaim, verdictOnDirection, verdictOnValue } from '../../../simulator/runner/claim.ts';
import type { TaskKind } from '../../../simulator/world/workload-lengths.ts';
import { estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, percent, pivotTable, rounded } from '../../../src/core/basics/markdown.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { PlayedCase } from './fig2-sessions.ts';
import {
  bestWindow,
  msPerToken,
  type PlayedTask,
  quickestCase,
  rateThatSuffices,
  uplinksOf,
  windowDifference,
  windowedCases,
} from './fig2-windows.ts';
import { claimMaker, type Tables } from './paper-experiment.ts';

/** All kinds of tasks on one hardware with one payload law, code and summaries first. */
type Group = readonly [code: PlayedTask, summaries: PlayedTask, ...others: PlayedTask[]];

function groupsOf(tasks: readonly PlayedTask[]): Group[] {
  return [...Map.groupBy(tasks, groupName).values()] as unknown as Group[];
}

function groupName({ hardware, law }: PlayedTask): string {
  return `hardware: ${hardware}; payload ${law}`;
}

function topUplink(tasks: readonly PlayedTask[]): number {
  return Math.max(...uplinksOf(tasks));
}

export function fig2Claims(tasks: readonly PlayedTask[]): DraftClaim[] {
  return groupsOf(tasks).flatMap((group) => {
    const [code, summaries] = group;
    const { hardware, law, description } = code;
    const top = topUplink(group);
    const choices = { 'payload law': law, hardware, drafts: description.replace(/^\d+ /, '') };
    const of = claimMaker({ figure: 'fig2', choices, isMain: hardware === 'preset' && law === 'q16' });
    const windowOf = (name: string, words: string, claimed: number, task: PlayedTask): DraftClaim => {
      const window = bestWindow(task, top);
      return of(name, `best window for ${words}, tokens`, claimed, window, (found) =>
        verdictOnValue([claimed, claimed], found),
      );
    };
    const more = windowDifference(code, summaries, top);
    return [
      windowOf('bestWindowCode', 'code', 25, code),
      windowOf('bestWindowSummaries', 'summaries', 15, summaries),
      of('windowMoreForCode', 'window for code beyond that for summaries, tokens', 10, more, (found) =>
        verdictOnDirection('rises', found, 0),
      ),
      // "About" 50 Mbit/s: within a factor of two.
      of('uplinkGains', 'uplink up to which more rate gains, Mbit/s', 50, rateThatSuffices(group), (found) =>
        verdictOnValue([25, 100], found),
      ),
    ];
  });
}

/** Modes without a window, as means over the kinds of tasks. */
type FlatMode = 'ar' | 'stream';

function meanMsPerToken(group: readonly PlayedTask[], mode: FlatMode, uplinkMbps: number): number {
  const played = group.map(({ cases }) => cases.find((one) => one.mode === mode && one.uplinkMbps === uplinkMbps));
  return mean(played.map((one) => msPerToken(one as PlayedCase)));
}

/** @param drawn tasks at the fastest uplink, whose drafts are right with a set chance */
export function fig2Tables(tasks: readonly PlayedTask[], drawn: readonly PlayedTask[]): Tables {
  const groups = groupsOf(tasks).map((group) => [`${groupName(group[0])}: ms per token (window)`, tableOf(group)]);
  const top = topUplink(tasks);
  const byAcceptance = pivotTable(drawn, {
    corner: 'drafts',
    rowOf: ({ acceptance }) => `right in ${percent(acceptance ?? 0, 0)}`,
    columnOf: ({ hardware }) => `${hardware} (edge alone)`,
    cellOf: (task) => `${bestCell(task, top)}; ${rounded(meanMsPerToken([task], 'ar', top))}`,
  });
  return { ...Object.fromEntries(groups), 'Drawn drafts, payload ids: ms per token (window)': byAcceptance };
}

function tableOf(group: Group): string {
  const rows = uplinksOf(group).map((uplink) => [
    `${uplink}`,
    ...group.map((task) => bestCell(task, uplink)),
    rounded(meanMsPerToken(group, 'ar', uplink)),
    rounded(meanMsPerToken(group, 'stream', uplink)),
  ]);
  return markdownTable(['uplink, Mbit/s', ...group.map(({ kind }) => kind), 'edge alone', '`stream`'], rows);
}

function bestCell(task: PlayedTask, uplinkMbps: number): string {
  const best = quickestCase(windowedCases(task, uplinkMbps));
  return `${rounded(msPerToken(best))} (${best.window})`;
}

const { blue, purple, green, orange } = palette;
const kindNames: Readonly<Record<TaskKind, string>> = {
  code: 'code, PSD',
  summarisation: 'summaries, PSD',
  chat: 'chat, PSD',
};
const flatNames: Readonly<Record<FlatMode, string>> = { ar: 'edge alone', stream: 'stream (ours)' };
const styles: readonly LineStyle[] = [
  { name: kindNames.code, color: blue, dash: [] },
  { name: kindNames.summarisation, color: purple, dash: [] },
  { name: kindNames.chat, color: green, dash: [] },
  { name: flatNames.ar, color: '#AAAAAA', dash: [], width: 5 },
  { name: flatNames.stream, color: orange, dash: [6, 3] },
];
const hardwareWords =
  'preset: phones draft, GPUs verify; loaded edge: with 1/9 of a GPU; one machine: both models on the same hardware. q16: 0.8 Mbit a draft; ids: 16 bit.';

export function fig2Figures(tasks: readonly PlayedTask[]): Readonly<Record<string, Spec>> {
  const groups = groupsOf(tasks);
  const top = topUplink(tasks);
  const of = (title: string, words: string, panelOf: (group: Group) => Panel) => {
    const panels = groups.map((group): Panel => ({ ...panelOf(group), title: groupName(group[0]) }));
    return panelsFigure({ title, subtitle: [hardwareWords, words], styles, panels, columns: 2 });
  };
  return {
    'fig2-window': of(
      'Latency of PSD against the window gamma',
      `Uplink ${top} Mbit/s. Bands: 95 %. Edge alone and stream: means of the three tasks, no window.`,
      (group) => windowPanel(group, top),
    ),
    'fig2-uplink': of(
      "Latency of PSD against the uplink's rate",
      'Each point with its best window. Bands: 95 %. Edge alone and stream: means of the three tasks.',
      uplinkPanel,
    ),
  };
}

function windowPanel(group: Group, uplink: number): Panel {
  const windows = windowedCases(group[0], uplink).map(({ window }) => window);
  const last = windows.at(-1) as number;
  return {
    xTitle: 'window gamma, tokens',
    yTitle: 'ms per token',
    xTicks: [1, 5, 10, 15, 20, 25, 30, 40].filter((x) => x <= last),
    lines: [
      ...group.map((task) => lineOf(task, windowedCases(task, uplink), ({ window }) => window)),
      ...flatLines(group, [windows[0] as number, last], () => uplink),
    ],
  };
}

function uplinkPanel(group: Group): Panel {
  const uplinks = uplinksOf(group);
  const quickest = (task: PlayedTask) => uplinks.map((uplink) => quickestCase(windowedCases(task, uplink)));
  return {
    xTitle: 'uplink, Mbit/s (logarithmic)',
    yTitle: 'ms per token (logarithmic)',
    xScale: 'log',
    yScale: 'log',
    marker: { x: 50, label: '50 Mbit/s' },
    lines: [
      ...group.map((task) => lineOf(task, quickest(task), ({ uplinkMbps }) => uplinkMbps)),
      ...flatLines(group, uplinks, (uplink) => uplink),
    ],
  };
}

function lineOf({ kind }: PlayedTask, cases: readonly PlayedCase[], xOf: (one: PlayedCase) => number): Line {
  const points = cases.map((one) => {
    const time = estimate(one.ms.length, (pick) => msPerToken(one, pick));
    return estimatePoint(xOf(one), time);
  });
  return { style: kindNames[kind], points };
}

function flatLines(group: Group, xs: readonly number[], uplinkOf: (x: number) => number): Line[] {
  return (['ar', 'stream'] as const).map((mode) => ({
    style: flatNames[mode],
    points: xs.map((x) => ({ x, y: meanMsPerToken(group, mode, uplinkOf(x)) })),
  }));
}
