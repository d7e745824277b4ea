// `outrider bench tab`: a browser's tab that drafts, beside a device on Node with the same draft and beside the edge alone, at the same emulated
// round trips, over real sockets.

import type { Page } from 'playwright-core';
import samplePrompts from '../../../simulator/files/sample-prompts.json' with { type: 'json' };
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { openDevice } from '../../../src/api/open-device.ts';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { OutriderError } from '../../../src/core/basics/errors.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import { defaultEdgeProfile, latencyProfiles } from '../../../src/models/port/profiles.ts';
import { createEmulatedLink } from '../../../src/network/transport/emulated-link.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { openBrowser } from '../../measuring/browser.ts';

const options = {
  pair: pairOption as typeof pairOption,
  draft: { flag: '--draft <name|path>', help: "draft of the tab and of the device on Node instead of the pair's" },
  profile: {
    flag: '--profile <name>',
    help: 'hardware whose step times the edge emulates',
    choices: latencyProfiles.map(({ name }) => name) as readonly string[],
    default: defaultEdgeProfile.name as string,
  },
  prompts: { flag: '--prompts <count>', help: 'prompts', whole: [1, 20], default: 3 },
  maxTokens: { flag: '--max-tokens <count>', help: 'most tokens of an answer', whole: [16, 512], default: 64 },
  roundTripsMs: { default: [10, 60] as readonly number[] },
} as const;

type Options = OptionsOf<typeof options>;

/** Who drafts: the tab, a device on Node, no one (the edge alone, asked by the tab). */
const ways = ['tab', 'node', 'ar'] as const;
type Way = (typeof ways)[number];

interface Answer {
  readonly text: string;
  readonly msPerToken: number;
  readonly firstTokenMs: number;
  readonly acceptance: number | null;
}

/** The same prompt by each way. */
interface Found {
  readonly roundTripMs: number;
  readonly answers: Readonly<Record<Way, Answer>>;
}

export interface TabRow {
  readonly roundTripMs: number;
  readonly way: Way;
  readonly texts: number;
  readonly msPerToken: number;
  readonly firstTokenMs: number;
  /** Mean of the answers with drafts that were compared; null: none was. */
  readonly acceptance: number | null;
}

interface Measured {
  readonly found: readonly Found[];
  /** Share of the edge's steps that lasted longer than in the profile. */
  readonly overranShare: number;
}

export const tabExperiment: Experiment<typeof options, Measured, Conclusion<TabRow>> = {
  name: 'bench tab',
  lasts: '3 minutes',
  description: "ms a token of a browser's tab that drafts, beside a device on Node and the edge alone",
  notes: `It needs Chromium (OUTRIDER_BROWSER names another browser), and "npm run pages" in a clone. Texts by all ways must be equal.

Examples:
  outrider bench tab --json
  outrider bench tab --draft smollm2-135m-draft --prompts 5`,
  options,
  measure,
  conclude,
  goals: () => ({ tabOverCliWorst: 1.25, tabOverArWorst: 1, textsWrong: 0 }),
};

async function measure(asked: Options, run: Run): Promise<Measured> {
  const { target, draft: pairDraft } = namesOf(asked);
  const draft = asked.draft ?? pairDraft;
  await using opened = new CloseStack();
  const flags = ['--model', target, '--profile', asked.profile, '--tab-draft', draft, '--sessions', '2'];
  const edge = await startEdgeProcess(flags, () => {});
  let overranShare = 0;
  opened.defer(async () => {
    overranShare = Number((await edge.close())['pacedOverrunShare'] ?? 0);
  });
  const page = await openPage(edge.url.replace(/^ws/, 'http'), opened);
  const prompts = samplePrompts.prompts.filter(({ form }) => form === 'chat').slice(0, asked.prompts);
  const units = asked.roundTripsMs.flatMap((roundTripMs) =>
    prompts.map(({ name, text }) => ({
      key: `${roundTripMs} ${name}`,
      async measure(): Promise<Found> {
        const question = { text, roundTripMs, maxAnswerTokens: asked.maxTokens };
        const tab = await askTab(page, { ...question, mode: 'stream' });
        const node = await askNode(edge.url, draft, question);
        const ar = await askTab(page, { ...question, mode: 'ar' });
        return { roundTripMs, answers: { tab, node, ar } };
      },
    })),
  );
  const found = await run.all('prompts', units);
  await opened[Symbol.asyncDispose]();
  return { found, overranShare };
}

/** A page of the edge whose tab has the draft model. @throws OutriderError `browser-missing`; `engine-missing` where the tab can't run the draft */
async function openPage(edge: string, opened: CloseStack): Promise<Page> {
  const browser = await openBrowser();
  opened.defer(() => browser.close());
  const page = await browser.newPage();
  await page.goto(edge);
  const lookUp = await page.evaluate(async () => {
    const address = '/pages/tab.js';
    const { openTab } = (await import(address)) as { readonly openTab: () => Promise<Tab> };
    const tab = await openTab();
    while (tab.state.lookUp === 'loading') await new Promise((resolve) => setTimeout(resolve, 50));
    Object.assign(globalThis, { tab });
    return tab.state.lookUp;
  });
  if (lookUp === null) return page;
  throw new OutriderError('engine-missing', `the tab has no draft model: ${lookUp}`, 'see docs/use/tab.md');
}

/** The part of a tab that is used; docs/use/tab.md. */
interface Tab {
  readonly state: { readonly lookUp: string | null };
  ask(text: string, options: object): { readonly report: Promise<TabReport> };
}

interface TabReport {
  readonly text: string;
  readonly msPerToken?: number;
  readonly timeToFirstTokenMs?: number;
  readonly acceptance?: number;
}

interface Question {
  readonly text: string;
  readonly roundTripMs: number;
  readonly maxAnswerTokens: number;
}

async function askTab(page: Page, question: Question & { readonly mode: 'stream' | 'ar' }): Promise<Answer> {
  return page.evaluate(async ({ text, mode, maxAnswerTokens, roundTripMs }) => {
    const { tab } = globalThis as unknown as { readonly tab: Tab };
    const answer = tab.ask(text, { mode, maxAnswerTokens, emulatedRoundTripMs: roundTripMs });
    const { msPerToken = 0, timeToFirstTokenMs = 0, acceptance = null, ...report } = await answer.report;
    return { text: report.text, msPerToken, firstTokenMs: timeToFirstTokenMs, acceptance };
  }, question);
}

/** A device of its own for each answer, as for each run of the command. */
async function askNode(url: string, draft: string, { text, roundTripMs, maxAnswerTokens }: Question): Promise<Answer> {
  const edge = createEmulatedLink(connectWebSocket(url), { ...idealLink, roundTripMs }).connect;
  const device = await openDevice({ edge, draft, contextLength: 2048 });
  try {
    const turn = device.ask(text, { mode: 'stream', maxAnswerTokens });
    const { msPerToken = 0, timeToFirstTokenMs = 0, acceptance = null, ...report } = await turn.report;
    return { text: report.text, msPerToken, firstTokenMs: timeToFirstTokenMs, acceptance };
  } finally {
    await device.close();
  }
}

function conclude({ found, overranShare }: Measured, { profile, maxTokens, prompts }: Options): Conclusion<TabRow> {
  const byRoundTrip = [...Map.groupBy(found, ({ roundTripMs }) => roundTripMs)];
  const rows = byRoundTrip.flatMap(([roundTripMs, own]) => ways.map((way) => rowOf(roundTripMs, way, own)));
  const worst = (other: Way): number => Math.max(...byRoundTrip.map(([, own]) => msOf(own, 'tab') / msOf(own, other)));
  const wrong = found.filter(({ answers }) => ways.some((way) => answers[way].text !== answers.ar.text));
  return {
    rows,
    summary: {
      tabOverCliWorst: worst('node'),
      tabOverArWorst: worst('ar'),
      texts: found.length * ways.length,
      textsWrong: wrong.length,
      overranShare,
    },
    params: { profile, maxTokens, prompts },
    passed: wrong.length === 0,
  };
}

function msOf(found: readonly Found[], way: Way): number {
  return mean(found.map(({ answers }) => answers[way].msPerToken));
}

function rowOf(roundTripMs: number, way: Way, found: readonly Found[]): TabRow {
  const compared = found.flatMap(({ answers }) => answers[way].acceptance ?? []);
  return {
    roundTripMs,
    way,
    texts: found.length,
    msPerToken: msOf(found, way),
    firstTokenMs: mean(found.map(({ answers }) => answers[way].firstTokenMs)),
    acceptance: compared.length === 0 ? null : mean(compared),
  };
}
