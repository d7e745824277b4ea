// What stands under an answer: the table with the time per token beside the edge alone and the acceptance of the drafts, why, and why an
// answer is not whole.

import { styleText } from 'node:util';
import { limits } from '../../core/protocol/wire/limits.ts';
import type { TurnReport } from '../../processes/device/turn-report.ts';
import { formatTable } from '../terminal/terminal-table.ts';

export interface Measured {
  readonly mode: string;
  readonly report: TurnReport;
}

/** One flat row per mode, for --json. */
export function rowOf({ mode, report }: Measured): Record<string, string | number | boolean | null> {
  const { outcome, traffic } = report;
  const account = outcome.kind === 'ended' ? outcome.account : undefined;
  return {
    mode,
    chosenMode: report.mode,
    modeReason: report.modeReason ?? null,
    modeChanges: report.modeChanges.length,
    planMode: report.plan?.mode ?? null,
    planMaxAhead: report.plan?.maxAhead ?? null,
    planHedges: report.plan?.hedges ?? null,
    planReason: report.plan?.reason ?? null,
    draftingPauses: report.draftingPauses,
    tokens: report.tokens.length,
    msPerToken: report.msPerToken ?? null,
    timeToFirstTokenMs: report.timeToFirstTokenMs ?? null,
    targetSteps: account?.steps ?? null,
    acceptance: report.acceptance ?? null,
    acceptedTokens: report.acceptedTokens,
    draftedTokens: report.draftedTokens,
    draftMs: report.draftMs ?? null,
    roundTripMs: report.roundTripMs ?? null,
    payloadBytesPerToken: report.payloadBytesPerToken ?? null,
    attachBytes: traffic.attachBytes,
    edges: report.servedBy.map(({ edge }) => edge).join(', '),
    edgeReason: report.servedBy.at(-1)?.reason ?? null,
    end: outcome.kind === 'ended' || outcome.kind === 'unverified' ? outcome.reason : outcome.kind,
    verified: outcome.kind === 'ended' ? !isMixed(report) : outcome.kind === 'unverified' ? false : null,
  };
}

/** Each token is some target's own choice, but the text is that of no single target. */
function isMixed({ fingerprints }: TurnReport): boolean {
  return fingerprints.length > 1;
}

export function answerTable(measured: readonly Measured[]): string {
  const rows = measured.map(({ mode, report }) => ({
    mode: mode === 'ar' ? 'ar (edge alone)' : mode,
    'ms per token': report.msPerToken?.toFixed(1) ?? '-',
    'first token': report.timeToFirstTokenMs === undefined ? '-' : `${report.timeToFirstTokenMs.toFixed(0)} ms`,
    tokens: report.tokens.length,
    'target steps': report.outcome.kind === 'ended' ? report.outcome.account.steps : '-',
    acceptance: report.acceptance === undefined ? '-' : `${(report.acceptance * 100).toFixed(0)} %`,
    'bytes per token': report.payloadBytesPerToken?.toFixed(1) ?? '-',
  }));
  return formatTable(rows, Object.keys(rows[0] ?? {}));
}

/** Says why it was quicker, or why it was not. */
export function explain(own: TurnReport, alone: TurnReport | undefined): string[] {
  const lines = [...describeModes(own), ...describePlan(own)];
  if (own.draftingPauses > 0 && own.modeChanges.length === 0)
    lines.push(`Drafting was switched off, since it did not pay (times: ${own.draftingPauses}).`);
  if (own.outcome.kind === 'unverified') {
    return ['UNVERIFIED: the draft model wrote this alone. It is not what the target would have written.'];
  }
  lines.push(...describeEdges(own), ...describeCounts(own));
  if (alone?.msPerToken !== undefined && own.msPerToken !== undefined) {
    const ratio = own.msPerToken / alone.msPerToken;
    lines.push(
      ratio < 0.97
        ? `${(1 / ratio).toFixed(2)} times as quick as the edge alone (${ratio.toFixed(2)}x the time per token).`
        : `${ratio <= 1.03 ? 'As quick as' : 'Slower than'} the edge alone (${ratio.toFixed(2)}x): ${slowReason(own)}.`,
    );
  } else if (savedShare(own) < noticeableShare) {
    lines.push(`Drafts of this device saved next to no steps: ${slowReason(own)}.`);
  }
  if (isMixed(own)) lines.push('Parts of the text come from different engines; near-ties may differ.');
  return lines;
}

/** The modes of `auto` and their reasons, without trials. */
function describeModes({ modeChanges }: TurnReport): string[] {
  const lasting = modeChanges.filter(({ isTrial }) => isTrial !== true);
  const shown = lasting.filter(({ mode }, index) => mode !== lasting[index - 1]?.mode);
  const lines = shown.map(({ fromToken, mode, reason }) => {
    return `Mode ${mode}${fromToken === 0 ? '' : `, from token ${fromToken} on`}: ${reason}.`;
  });
  const trials = modeChanges.length - lasting.length;
  return trials === 0 ? lines : [...lines, `The other way was tried ${trials === 1 ? 'once' : `${trials} times`}.`];
}

const noticeableShare = 0.1;

/** The share of the target's steps that is saved by accepted drafts of the device; 1 where that is not to be judged. */
function savedShare({ outcome, tokens, draftedTokens, acceptance }: TurnReport): number {
  const isJudged = outcome.kind === 'ended' && tokens.length > 0 && (draftedTokens > 0 || acceptance !== undefined);
  return isJudged ? outcome.account.acceptedRows / tokens.length : 1;
}

/** How much drafting a controller ordered, where that is less than a device would draft. */
export function describePlan({ plan, modeReason }: TurnReport): string[] {
  if (plan === undefined || plan.maxAhead >= limits.maxAhead) return [];
  const lead = `at most ${plural(plan.maxAhead, 'draft')} ahead${plan.hedges === 0 ? ', no alternatives' : ''}`;
  const why = plan.reason === modeReason ? '' : `: ${plan.reason}`;
  return [`The controller's plan: mode ${plan.mode}, ${lead}${why}.`];
}

/** Why each edge wrote, where a controller has said it. */
export function describeEdges({ servedBy }: TurnReport): string[] {
  return servedBy.flatMap(({ edge, fromMs, reason }, index) => {
    if (reason === undefined) return [];
    return [`Read from ${edge}${index === 0 ? '' : `, from ${(fromMs / 1000).toFixed(1)} s on`}: ${reason}.`];
  });
}

/**
 * How the tokens came about. A token is an accepted draft, or the target's choice where no draft was in time: the three numbers add up to
 * the tokens. A step chooses one token, or none if the text ends at a draft. Drafts that came too late saved nothing.
 */
export function describeCounts({ outcome, tokens, acceptedTokens }: TurnReport): string[] {
  if (outcome.kind !== 'ended' || tokens.length === 0) return [];
  const { steps, acceptedRows, acceptedEdgeDraftRows } = outcome.account;
  const chosen = tokens.length - acceptedRows - acceptedEdgeDraftRows;
  // A session that was opened again counts from there.
  if (chosen !== steps && chosen !== steps - 1) {
    return ['The session was opened again on the way, so the edge has not counted all of its steps.'];
  }
  const accepted = [
    ...(acceptedRows > 0 ? [`${plural(acceptedRows, 'draft')} of the device`] : []),
    ...(acceptedEdgeDraftRows > 0 ? [`${plural(acceptedEdgeDraftRows, 'draft')} of the edge`] : []),
  ];
  const late = acceptedTokens - acceptedRows;
  const none = late > 0 ? 'no draft came in time' : 'no draft was accepted';
  const how = accepted.length === 0 ? none : `${accepted.join(' and ')} accepted, ${chosen} chosen without one`;
  const lines = [`${plural(tokens.length, 'token')} in ${plural(steps, 'step')} of the target: ${how}.`];
  if (late > 0) {
    const more = acceptedRows > 0 ? 'more token' : 'token';
    lines.push(`${plural(late, more)} had been drafted on the device as well, too late to save a step.`);
  }
  return lines;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function slowReason(own: TurnReport): string {
  if (own.acceptance === undefined) return 'nothing was drafted in time';
  if (own.outcome.kind === 'ended' && own.acceptedTokens > 2 * own.outcome.account.acceptedRows) {
    const { draftMs, msPerToken, roundTripMs } = own;
    const times = { 'a draft': draftMs, 'a token': msPerToken, 'the round trip': roundTripMs };
    const known = Object.entries(times).flatMap(([what, ms]) => (ms === undefined ? [] : [`${what} ${ms.toFixed(1)}`]));
    return `most drafts came too late to save a step${known.length === 0 ? '' : ` (ms: ${known.join(', ')})`}`;
  }
  if (own.acceptance < 0.4) return 'the draft is seldom right on this text';
  return 'a step of the target costs about as much for each row here, so drafts save little';
}

/** The line under an answer that is not whole; null: it ended by itself, or at a text of --stop. A failure has its own error. */
export function cutNote({ outcome }: TurnReport, maxTokens: number, isChat: boolean): string | null {
  if (outcome.kind === 'stopped') return 'Stopped here: the answer is not complete.';
  if (outcome.kind === 'failed') return null;
  if (outcome.reason === 'length') {
    const more = isChat
      ? 'ask it to continue, or start with a larger --max-tokens'
      : 'a larger --max-tokens allows more';
    return `Cut here: the answer has reached --max-tokens ${maxTokens}; ${more}.`;
  }
  if (outcome.reason === 'context-full') {
    const more = isChat ? '/clear starts a new conversation; ' : '';
    return `Cut here: the context is full; ${more}a larger --context of the edge holds more.`;
  }
  return null;
}

/** A legend for the colours, or nothing where there are none. */
export function legend(): string {
  const name = styleText('green', 'green');
  return name === 'green' ? '' : `Every token is the target's choice; ${name}: the device had drafted it as well.`;
}
