// The paper's Fig. 2: latency of PSD against draft length for each kind of task, and against the uplink's rate. Its claims: the best draft length is
// 25 for code and 15 for summaries, and more rate gains up to about 50 Mbit/s.

import { estimate } from '../../../simulator/charts/bootstrap.ts';
import type { Drawing } from '../../../simulator/charts/drawing.ts';
import { estimatePoint, type Line, type Panel } from '../../../simulator/charts/line-panels.ts';
import { dashes, faintColor, lineWidths, palette } from '../../../simulator/charts/theme.ts';
import { hashTrace, readTrace } from '../../../simulator/files/trace-files.ts';
import { type DraftClaim, onDirection, onRange } from '../../../simulator/runner/claim.ts';
import { markdownTable, percent, pivotTable, rounded } from '../../../simulator/runner/markdown.ts';
import type { TaskKind } from '../../../simulator/world/workload-lengths.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { combinations } from '../combinations.ts';
import {
  bestWindow,
  drawnTask,
  type Fig2Case,
  type Fig2Hardware,
  fig2World,
  msPerToken,
  type PlayedCase,
  type PlayedTask,
  playCases,
  quickestCase,
  rateThatSuffices,
  type TaskSource,
  taskSources,
  uplinksOf,
  windowDifference,
  windowedCases,
} from './fig2-sessions.ts';
import { payloadLaws } from './interpretations.ts';
import { claimMaker, type Drafted, type PaperExperiment, paperExperiment, type Tables } from './paper-experiment.ts';
import type { Size } from './sizes.ts';

/** Limit of a window's airtime: a longer one would appear as a lost connection. */
const longestAirMs = 10_000;

export const fig2: PaperExperiment = paperExperiment({
  figure: 'fig2',
  description: 'Fig. 2: latency of PSD against the window and the uplink',
  plan({ size, tracePath }) {
    const trace = tracePath === null ? null : readTrace(tracePath);
    const world = fig2World();
    const plans = plansOf(size, world.hardware, taskSources(trace, size.answerCount));
    const { answerCount, answerTokens, gammas, uplinksMbps, acceptances } = size;
    const asked = { answerCount, answerTokens, gammas, uplinksMbps, acceptances, trace: trace && hashTrace(trace) };
    return {
      settings: { ...asked, ...world },
      units: plans.map(({ source, hardware, law, acceptance, ...plan }) => ({
        key: [source.kind, hardware.name, law, acceptance ?? ''].join(' ').trim(),
        measure() {
          const bytesPerDraft = world.bytesPerDraft[law];
          const conditions = { roundTripMs: world.roundTripMs, bytesPerDraft, answerTokens };
          return playCases(source, casesOf(gammas, plan.uplinksMbps, bytesPerDraft), hardware, conditions);
        },
      })),
      conclude(found: readonly (readonly PlayedCase[])[]) {
        const played = plans.map(({ source: { kind, description }, hardware, law, acceptance }, index): PlayedTask => {
          return { kind, hardware: hardware.name, law, description, cases: found[index] ?? [], acceptance };
        });
        return conclusionOf(played);
      },
    };
  },
});

/** Every kind of tasks with all uplinks; then drawn drafts at the fastest, to see what acceptance does. */
function plansOf(size: Size, hardware: readonly Fig2Hardware[], sources: readonly TaskSource[]) {
  const { uplinksMbps, acceptances, answerCount } = size;
  const recorded = combinations({ hardware, law: payloadLaws, source: sources });
  const drawn = combinations({ acceptance: acceptances, hardware, law: ['ids'] });
  return [
    ...recorded.map((one) => ({ ...one, uplinksMbps, acceptance: null })),
    ...drawn.map((one) => {
      const source = drawnTask('code', one.acceptance, answerCount);
      return { ...one, source, uplinksMbps: [Math.max(...uplinksMbps)] };
    }),
  ];
}

function casesOf(gammas: readonly number[], uplinks: readonly number[], bytesPerDraft: number): Fig2Case[] {
  return uplinks.flatMap((uplinkMbps) => [
    { mode: 'ar', window: 0, uplinkMbps },
    { mode: 'stream', window: 0, uplinkMbps },
    ...gammas
      .filter((window) => (8e-3 * bytesPerDraft * window) / uplinkMbps <= longestAirMs)
      .map((window): Fig2Case => ({ mode: 'psd', window, uplinkMbps })),
  ]);
}

/** All kinds of tasks on one hardware with one payload law, code and summaries first. */
type Group = readonly [code: PlayedTask, summaries: PlayedTask, ...others: PlayedTask[]];

function groupName([{ hardware, law }]: Group): string {
  return `hardware: ${hardware}; payload ${law}`;
}

function conclusionOf(played: readonly PlayedTask[]): Drafted {
  const tasks = played.filter(({ acceptance }) => acceptance === null);
  const drawn = played.filter(({ acceptance }) => acceptance !== null);
  const groups = [...Map.groupBy(tasks, ({ hardware, law }) => `${hardware} ${law}`).values()] as unknown as Group[];
  const top = Math.max(...uplinksOf(tasks));
  return {
    claims: groups.flatMap((group) => claimsOf(group, top)),
    rows: played.flatMap(rowsOf),
    figures: figuresOf(groups, top),
    tables: tablesOf(groups, drawn, top),
  };
}

function claimsOf(group: Group, top: number): DraftClaim[] {
  const [code, summaries] = group;
  const { hardware, law, description } = code;
  const choices = { 'payload law': law, hardware, drafts: description.replace(/^\d+ /, '') };
  const make = claimMaker({ figure: 'fig2', choices, isMain: hardware === 'preset' && law === 'q16' });
  const windowOf = (task: PlayedTask) => bestWindow(task, top);
  const more = windowDifference(code, summaries, top);
  return [
    make('bestWindowCode', 'best window for code, tokens', 25, windowOf(code), onRange(25, 25)),
    make('bestWindowSummaries', 'best window for summaries, tokens', 15, windowOf(summaries), onRange(15, 15)),
    make('windowMoreForCode', 'window for code beyond that for summaries, tokens', 10, more, onDirection('rises', 0)),
    // "About" 50 Mbit/s: within a factor of two.
    make('uplinkGains', 'uplink up to which more rate gains, Mbit/s', 50, rateThatSuffices(group), onRange(25, 100)),
  ];
}

function rowsOf({ kind, hardware, law, acceptance = null, cases }: PlayedTask) {
  return cases.map((one) => ({
    task: acceptance === null ? kind : 'drawn',
    acceptance,
    hardware,
    payloadLaw: law,
    uplinkMbps: one.uplinkMbps,
    mode: one.mode,
    window: one.window,
    answers: one.ms.length,
    msPerToken: msPerToken(one),
    msPerAnswer: mean(one.ms),
  }));
}

/** Modes without a window, as means over the kinds of tasks. */
const flatModes = { ar: 'edge alone', stream: 'stream (ours)' } as const;
type FlatMode = keyof typeof flatModes;

function meanMsPerToken(group: readonly PlayedTask[], mode: FlatMode, uplinkMbps: number): number {
  const played = group.map(({ cases }) => cases.find((one) => one.mode === mode && one.uplinkMbps === uplinkMbps));
  return mean(played.map((one) => msPerToken(one as PlayedCase)));
}

/** @param drawn tasks at the fastest uplink, whose drafts are right with a set chance */
function tablesOf(groups: readonly Group[], drawn: readonly PlayedTask[], top: number): Tables {
  const byAcceptance = pivotTable(drawn, {
    corner: 'drafts',
    rowOf: ({ acceptance }) => `right in ${percent(acceptance ?? 0, 0)}`,
    columnOf: ({ hardware }) => `${hardware} (edge alone)`,
    cellOf: (task) => `${bestCell(task, top)}; ${rounded(meanMsPerToken([task], 'ar', top))}`,
  });
  return {
    ...Object.fromEntries(groups.map((group) => [`${groupName(group)}: ms per token (window)`, tableOf(group)])),
    'Drawn drafts, payload ids: ms per token (window)': byAcceptance,
  };
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

const kindNames: Readonly<Record<TaskKind, string>> = {
  code: 'code, PSD',
  summarisation: 'summaries, PSD',
  chat: 'chat, PSD',
};
const styles = [
  { name: kindNames.code, color: palette.blue, dash: dashes.full },
  { name: kindNames.summarisation, color: palette.purple, dash: dashes.full },
  { name: kindNames.chat, color: palette.green, dash: dashes.full },
  { name: flatModes.ar, color: faintColor, dash: dashes.full, width: lineWidths.main, hidesPoints: true },
  { name: flatModes.stream, color: palette.orange, dash: dashes.dashed },
];
const hardwareWords =
  'preset: phones draft, GPUs verify; loaded edge: with 1/9 of a GPU; one machine: both models on the same hardware. q16: 0.8 Mbit a draft; ids: 16 bit.';

function figuresOf(groups: readonly Group[], top: number): Readonly<Record<string, Drawing>> {
  const figureOf = (title: string, words: string, panelOf: (group: Group) => Panel): Drawing => ({
    kind: 'panels',
    title,
    subtitle: [hardwareWords, words],
    styles,
    panels: groups.map(panelOf),
    columns: 2,
  });
  return {
    'fig2-window': figureOf(
      'Latency of PSD against the window gamma',
      `Uplink ${top} Mbit/s. Bands: 95 %. Edge alone and stream: means of the three tasks, no window.`,
      (group) => windowPanel(group, top),
    ),
    'fig2-uplink': figureOf(
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
    title: groupName(group),
    xTitle: 'window gamma, tokens',
    yTitle: 'ms per token',
    xTicks: [1, 5, 10, 15, 20, 25, 30, 40].filter((x) => x <= last),
    lines: [
      ...group.map((task) => lineOf(task, windowedCases(task, uplink), 'window')),
      ...flatLines(group, [windows[0] as number, last], () => uplink),
    ],
  };
}

function uplinkPanel(group: Group): Panel {
  const uplinks = uplinksOf(group);
  const quickest = (task: PlayedTask) => uplinks.map((uplink) => quickestCase(windowedCases(task, uplink)));
  return {
    title: groupName(group),
    xTitle: 'uplink, Mbit/s (logarithmic)',
    yTitle: 'ms per token (logarithmic)',
    xScale: 'log',
    yScale: 'log',
    marker: { x: 50, label: '50 Mbit/s' },
    lines: [
      ...group.map((task) => lineOf(task, quickest(task), 'uplinkMbps')),
      ...flatLines(group, uplinks, (uplink) => uplink),
    ],
  };
}

function lineOf({ kind }: PlayedTask, cases: readonly PlayedCase[], x: 'window' | 'uplinkMbps'): Line {
  const timeOf = (one: PlayedCase) => estimate(one.ms.length, (pick) => msPerToken(one, pick));
  return { style: kindNames[kind], points: cases.map((one) => estimatePoint(one[x], timeOf(one))) };
}

function flatLines(group: Group, xs: readonly number[], uplinkOf: (x: number) => number): Line[] {
  return (['ar', 'stream'] as const).map((mode) => ({
    style: flatModes[mode],
    points: xs.map((x) => ({ x, y: meanMsPerToken(group, mode, uplinkOf(x)) })),
  }));
}
