// The claims and the page of Fig. 2.

import { type DraftClaim, type Verdict, verdictOnDirection, verdictOnValue } from '../../../simulator/runner/claim.ts';
import type { TaskKind } from '../../../simulator/world/workload-lengths.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, percent, rounded } from '../../../src/core/basics/markdown.ts';
import type { Fig2World } from './fig2-sessions.ts';
import {
  bestWindow,
  littleGain,
  msPerToken,
  type PlayedCase,
  type PlayedTask,
  quickestCase,
  rateThatSuffices,
  uplinksOf,
  windowDifference,
  windowedCases,
} from './fig2-windows.ts';
import { claimMaker } from './paper-experiment.ts';

/** "About" 50 Mbit/s: within a factor of two. */
const aboutFactor = 2;
const claimedRateMbps = 50;

export function fig2Claims(tasks: readonly PlayedTask[]): DraftClaim[] {
  return groupsOf(tasks).flatMap((group) => {
    const [{ hardware, law }] = group as [PlayedTask];
    const top = topUplink(group);
    const isMain = hardware === 'preset' && law === 'q16';
    const drafts = ofKind(group, 'code').description.replace(/^\d+ /, '');
    const of = claimMaker({ figure: 'fig2', choices: { 'payload law': law, hardware, drafts }, isMain });
    const window = (kind: TaskKind): Estimate => bestWindow(ofKind(group, kind), top);
    const at = ({ interval }: Estimate, claimed: number): Verdict => verdictOnValue([claimed, claimed], interval);
    const [code, summaries] = [window('code'), window('summarisation')];
    const more = windowDifference(ofKind(group, 'code'), ofKind(group, 'summarisation'), top);
    const rate = rateThatSuffices(group);
    const about = [claimedRateMbps / aboutFactor, claimedRateMbps * aboutFactor] as const;
    return [
      of('bestWindowCode', 'best window for code, tokens', 25, code, at(code, 25)),
      of('bestWindowSummaries', 'best window for summaries, tokens', 15, summaries, at(summaries, 15)),
      of(
        'windowMoreForCode',
        'window for code beyond that for summaries, tokens',
        10,
        more,
        verdictOnDirection('rises', more.interval, 0),
      ),
      of(
        'uplinkGains',
        'uplink up to which more rate gains, Mbit/s',
        claimedRateMbps,
        rate,
        verdictOnValue(about, rate.interval),
      ),
    ];
  });
}

/** Groups the tasks by hardware and payload law. */
export function groupsOf(tasks: readonly PlayedTask[]): PlayedTask[][] {
  return [...Map.groupBy(tasks, ({ hardware, law }) => `${hardware} ${law}`).values()];
}

function ofKind(group: readonly PlayedTask[], kind: TaskKind): PlayedTask {
  return group.find((task) => task.kind === kind) as PlayedTask;
}

export function topUplink(tasks: readonly PlayedTask[]): number {
  return Math.max(...uplinksOf(tasks));
}

type DrawnTask = PlayedTask & { readonly acceptance: number };

export function fig2Page(tasks: readonly PlayedTask[], drawn: readonly DrawnTask[], world: Fig2World): string {
  const { hardware, roundTripMs } = world;
  const sources = tasks.slice(0, 3).map(({ kind, description }) => `${kind}: ${description}`);
  const times = hardware.map(
    ({ name, draftMs, step }) =>
      `\`${name}\` (a draft ${rounded(draftMs)} ms, a step ${rounded(step.fixedMs)} + ${rounded(step.perRowMs)} ms a row)`,
  );
  return [
    'Claimed: the best window is 25 for code (HumanEval) and 15 for summaries (DailyMail), so it must adapt; more rate gains up to about 50 Mbit/s. Here: the',
    `protocol's machines in virtual time, mode \`psd\`, round trip ${roundTripMs} ms, whole answers from asking to the last token. Answers: ${sources.join('; ')}.`,
    `Hardware: ${times.join(' and ')}. \`preset\` is the paper's phones and GPUs as preset \`paper\` has them; on the \`loaded edge\` a device has z = E/M = 1/9 of a GPU, as 90 devices with ten servers have; \`one machine\` has both models on one kind of machine, where a step of the target`,
    'is as much slower as the target is larger. The best window is that of least latency at the fastest uplink; the uplink that suffices is that from which',
    `latency, each with its best window, is within ${percent(littleGain, 0)} of the fastest uplink's. A claimed window holds where it lies in the interval, 50 Mbit/s where the interval meets 25 to 100.`,
    '',
    ...groupsOf(tasks).map(tableOf),
    'What a window would have to be for drafts that are right with a set chance, each independently, law `ids`, fastest uplink:',
    '',
    acceptanceTable(drawn),
  ].join('\n');
}

function tableOf(group: readonly PlayedTask[]): string {
  const [{ hardware, law }] = group as [PlayedTask];
  const rows = uplinksOf(group).map((uplink) => [
    `${uplink}`,
    ...group.map((task) => {
      const best = quickestCase(windowedCases(task, uplink));
      return `${rounded(msPerToken(best))} (${best.window})`;
    }),
    rounded(meanMsPerToken(group, 'ar', uplink)),
    rounded(meanMsPerToken(group, 'stream', uplink)),
  ]);
  const head = ['uplink, Mbit/s', ...group.map(({ kind }) => `${kind} (window)`), 'edge alone', '`stream`'];
  const title = `Hardware \`${hardware}\`, payload law \`${law}\`: ms per token with the best window; the edge alone and \`stream\` as means of the three:`;
  return `${title}\n\n${markdownTable(head, rows)}\n`;
}

/** The mean over kinds of tasks. */
export function meanMsPerToken(group: readonly PlayedTask[], mode: 'ar' | 'stream', uplinkMbps: number): number {
  const times = group.map(({ cases }) => {
    const one = cases.find((found) => found.mode === mode && found.uplinkMbps === uplinkMbps) as PlayedCase;
    return msPerToken(one);
  });
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}

function acceptanceTable(drawn: readonly DrawnTask[]): string {
  const names = [...new Set(drawn.map(({ hardware }) => hardware))];
  const acceptances = [...new Set(drawn.map(({ acceptance }) => acceptance))];
  const rows = acceptances.map((acceptance) => [
    percent(acceptance, 0),
    ...names.map((name) => {
      const task = drawn.find((one) => one.hardware === name && one.acceptance === acceptance) as PlayedTask;
      const best = quickestCase(windowedCases(task, topUplink([task])));
      return `${best.window} (${rounded(msPerToken(best))}; edge alone ${rounded(meanMsPerToken([task], 'ar', best.uplinkMbps))})`;
    }),
  ]);
  return markdownTable(['right', ...names.map((name) => `\`${name}\`: window (ms per token)`)], rows);
}
