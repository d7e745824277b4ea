// `outrider bench serve`: the endpoint of a device over real HTTP: time per token and first text beside the edge asked directly, what HTTP adds
// to a request, many clients at once, and an agent whose turns begin alike.

import type { Conclusion, Experiment, Goals, Run } from '../../../simulator/runner/experiment.ts';
import { engineOptions } from '../../../src/cli/options/engine-options.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { defaultEdgeProfile, latencyProfiles } from '../../../src/models/port/profiles.ts';
import { type AgentRow, type AgentTurn, agentFigures, agentRows, measureAgent } from './agent.ts';
import { type BesideRow, type BesideRun, besideFigures, besideRows, measureBeside } from './beside.ts';
import { type CrowdRow, measureCrowd } from './crowd.ts';
import { measureOverhead, type OverheadRow } from './endpoint.ts';
import { type LatencyFound, type LatencyRow, latencyRows, measureLatency } from './latency.ts';

const parts = ['all', 'latency', 'overhead', 'clients', 'agent', 'beside'] as const;

const options = {
  part: {
    flag: '--part <name>',
    help: 'measure only this part',
    choices: parts as readonly (typeof parts)[number][],
    default: 'all',
  },
  pair: pairOption as typeof pairOption,
  profile: {
    flag: '--profile <name>',
    help: 'hardware that the edges are paced to',
    choices: latencyProfiles.map(({ name }) => name) as readonly string[],
    default: defaultEdgeProfile.name as string,
  },
  roundTripsMs: { flag: '--rtt <ms,...>', help: 'round-trip times', numbers: [0, 10_000], default: [10, 60] },
  prompts: { flag: '--prompts <count>', help: 'prompts of a run', whole: [1, 7], default: 2, full: 4 },
  tokens: { flag: '--tokens <count>', help: 'tokens of an answer', whole: [8, 1000], default: 96, full: 128 },
  repeats: {
    flag: '--repeats <count>',
    help: 'runs of each way to ask and round trip',
    whole: [1, 100],
    default: 1,
    full: 3,
  },
  requests: {
    flag: '--requests <count>',
    help: 'requests of each kind for the cost of HTTP',
    whole: [1, 100_000],
    default: 300,
  },
  clients: { flag: '--clients <count>', help: 'streaming clients at once', whole: [1, 500], default: 200 },
  engine: {
    flag: '--engine <engine>',
    help: 'run the target of --part beside by another engine than llama.cpp',
    parse: engineOptions.engine.parse as (text: string) => string,
  },
  readers: { flag: '--readers <count,...>', help: 'readers beside a prompt', numbers: [1, 32], default: [1, 4] },
  promptTokens: {
    flag: '--prompt-tokens <count,...>',
    help: 'length of a prompt beside readers, tokens',
    numbers: [16, 2200],
    default: [500],
    full: [500, 2000],
  },
  full: {
    flag: '--full',
    help: 'the published size: --prompts 4, --repeats 3, --tokens 128, --prompt-tokens 500,2000, and clients that ask for 2 minutes instead of 20 seconds',
  },
} as const;

interface Found {
  readonly latency: readonly LatencyFound[];
  readonly overhead: OverheadRow | null;
  readonly crowd: CrowdRow | null;
  /** The turns of each run. */
  readonly agent: readonly (readonly AgentTurn[])[];
  readonly beside: readonly BesideRun[];
}

export const serveExperiment: Experiment<typeof options, Found, Conclusion<ServeRow>> = {
  name: 'bench serve',
  lasts: '5 minutes',
  fullLasts: '15',
  description:
    "a device's endpoint over HTTP: time per token, what HTTP adds, many clients at once, an agent with tools",
  options,
  isResumable: true,
  isTimed: () => true,
  async measure(chosen, run: Run) {
    await run.begin({ ...chosen });
    const { part, clients, requests, full, profile, tokens, prompts, repeats, roundTripsMs } = chosen;
    const wants = (name: (typeof parts)[number]): boolean => part === 'all' || part === name;
    const overhead = wants('overhead')
      ? await run.one({ key: 'overhead', measure: () => measureOverhead(requests) })
      : null;
    const seconds = full === true ? 120 : 20;
    const crowd = wants('clients')
      ? await run.one({ key: 'clients', measure: () => measureCrowd({ clients, seconds }, crowdProfile, run) })
      : null;
    const settings = { ...namesOf(chosen), profile, prompts, tokens, repeats, roundTripsMs };
    const agent = wants('agent') ? await measureAgent(settings, run) : [];
    const { target } = settings;
    const { engine, readers, promptTokens } = chosen;
    const beside = wants('beside') ? await measureBeside({ target, engine, readers, promptTokens, repeats }, run) : [];
    return { latency: wants('latency') ? await measureLatency(settings, run) : [], overhead, crowd, agent, beside };
  },
  conclude({ latency, overhead, crowd, agent, beside }, { full, ...chosen }) {
    const besides = besideRows(beside);
    const latencies = latencyRows(latency);
    const turns = agentRows(agent);
    const others = [...(overhead === null ? [] : [overhead]), ...(crowd === null ? [] : [crowd])];
    const rows = [...latencies, ...others, ...turns, ...besides];
    const at = (way: LatencyRow['way'], roundTripMs: number): LatencyRow | undefined =>
      latencies.find((row) => row.way === way && row.roundTripMs === roundTripMs);
    const textsWrong = [...latencies, ...turns].reduce((sum, row) => sum + row.textsWrong, crowd?.textsWrong ?? 0);
    const summary = {
      deviceOverEdgeRtt10: at('device', 10)?.overAr ?? null,
      deviceOverEdgeRtt60: at('device', 60)?.overAr ?? null,
      edgeSdOverEdgeRtt10: at('edge-sd', 10)?.overAr ?? null,
      edgeSdOverEdgeRtt60: at('edge-sd', 60)?.overAr ?? null,
      deviceFirstTextMsRtt10: at('device', 10)?.firstTextMs ?? null,
      edgeFirstTextMsRtt10: at('ar', 10)?.firstTextMs ?? null,
      deviceFirstTextMsRtt60: at('device', 60)?.firstTextMs ?? null,
      edgeFirstTextMsRtt60: at('ar', 60)?.firstTextMs ?? null,
      httpOverheadMs: overhead?.httpOverheadMs ?? null,
      streamedOverheadMs: overhead?.streamedOverheadMs ?? null,
      clients: crowd?.clients ?? null,
      textsWrong,
      failed: crowd?.failed ?? null,
      memoryGrowthMb: crowd?.memoryGrowthMb ?? null,
      addedDelayP99Ms: crowd?.addedDelayP99Ms ?? null,
      clientsLateP99Ms: crowd?.clientsLateP99Ms ?? null,
      ...agentFigures(turns),
      ...besideFigures(besides),
    };
    const params = { ...chosen, crowdProfile, full: full === true };
    return { rows, summary, params, passed: textsWrong === 0 && (crowd?.failed ?? 0) === 0 };
  },
  goals(params) {
    const { part } = params as { readonly part: (typeof parts)[number] };
    const of = (name: (typeof parts)[number], goals: Goals): Goals => (part === 'all' || part === name ? goals : {});
    return {
      ...of('latency', { deviceOverEdgeRtt10: 0.6, deviceOverEdgeRtt60: 0.7 }),
      ...of('overhead', { httpOverheadMs: 2 }),
      ...of('clients', { failed: 0, addedDelayP99Ms: 10 }),
      ...of('agent', { agentEvaluatedOverNew: 1.15, agentFirstTokenTurn6OverTurn1: 2 }),
      ...of('beside', { promptBesideReadersWorst: 2.2, promptBesideFirstTokenWorst: 2.5, promptOverFairShare: 1.25 }),
      ...(part === 'overhead' ? {} : { textsWrong: 0 }),
    };
  },
};

/** Profile for the edge of the many clients: an unpaced toy would answer all of them at once. */
const crowdProfile = 'reference';

export type ServeRow = LatencyRow | OverheadRow | CrowdRow | AgentRow | BesideRow;
