// Summarises the state of a machine in a few values, for each line of a log and for its replay.

import { believedLength, type DeviceState } from '../device/device-state.ts';
import type { EdgeState } from '../edge/edge-state.ts';

export type StateLine = Readonly<Record<string, string | number | boolean | null>>;

export function describeDevice(state: DeviceState): StateLine {
  const main = state.links.find((link) => link.id === state.main);
  return {
    text: state.text.length,
    believed: believedLength(state),
    generation: state.generation,
    draftingAt: state.drafting?.position ?? null,
    draftingOn: state.isDraftingOn,
    maxAhead: state.budget.maxAhead,
    hedges: state.budget.hedges,
    links: state.links.length,
    scoredPrompt: state.scoredPrompt,
    heldTokens: state.heldTokens,
    main: state.main,
    branch: main?.branchCount ?? null,
    received: main?.received ?? null,
    acknowledged: main?.acknowledged ?? null,
    alternatives: state.alternatives.length,
    matched: state.account.matched,
    mismatched: state.account.mismatched,
    outcome: state.outcome?.kind ?? null,
  };
}

export function describeEdge(state: EdgeState): StateLine {
  const { branch, link, ticket } = state;
  return {
    text: state.text.length,
    generation: state.generation,
    branch: branch?.number ?? null,
    branchStart: branch?.start ?? null,
    branchEnd: branch?.end ?? null,
    agreedTo: branch?.agreedTo ?? null,
    dead: branch?.dead ?? null,
    alternatives: state.alternatives.length,
    stepDrafts: ticket?.drafts.length ?? null,
    link: link?.id ?? null,
    sent: link?.sent ?? null,
    version: link?.version ?? null,
    readPrompt: state.promptScores?.readTokens ?? null,
    acknowledged: state.acknowledged,
    end: state.end,
    released: state.released,
  };
}
