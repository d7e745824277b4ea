// `outrider trial api`: clients that others have written, unchanged, against an edge's own port and the endpoint of a device before it. Each text
// must be the one that the target writes alone.

import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { markdownTable } from '../../../simulator/runner/markdown.ts';
import { type ModelNames, namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { routeRules } from '../../../src/processes/http/route-rules.ts';
import { busyOption, startBusyProcesses } from '../../measuring/busy-processes.ts';
import { type ApiCall, type ApiClient, type ApiPlace, type ReceivedText, rootOf } from './call.ts';
import { clientNames, openClients, type SkippedClient } from './clients.ts';
import { type ApiPlaces, openApiScene } from './scene.ts';

const toy = 'toy:1';
/** Calls of one place at the same time. */
const atOnce = 4;

const options = {
  full: {
    flag: '--full',
    help: 'real models, those of --pair, in place of toys, and the clients of the night, which must be installed',
  },
  pair: pairOption as typeof pairOption,
  skip: {
    flag: '--skip <client...>',
    help: 'leave these clients out, by the names of the rows',
    texts: true,
  },
  busy: busyOption as typeof busyOption,
} as const;

type Options = OptionsOf<typeof options>;

const notes = `Examples:
  outrider trial api --json             toy models, some seconds
  outrider trial api --full --json      the default pair, and the clients of the night as well; none may be missing
  outrider trial api --skip litellm --json
  outrider trial api --busy 4 --json    toy models, beside four busy processes

It starts an edge and "outrider serve" before it, both with keys, and asks both with the clients of OpenAI (Node and Python), Anthropic,
LangChain and the AI SDK, with llm, litellm and openai-agents (Python), with the requests that Open WebUI sends (recorded), and with none;
with --full also with instructor, pydantic-ai, aider, codex, guidellm and the server of Open WebUI. Text from any route must be the one
that the target writes alone, row by row, for the same prompt, seed and parameters. Each route of the endpoints must have been called.`;

type PlaceName = keyof ApiPlaces;

/** What came of a call at one place. */
interface Outcome {
  /** Texts that were compared, and how many of them were right. */
  readonly texts: number;
  readonly identical: number;
  /** "ok" for a call without text; "identical"; or "failed: ..." or "differs: ...". */
  readonly words: string;
}

interface Called extends Omit<ApiRow, PlaceName>, Readonly<Record<PlaceName, Outcome>> {}

interface Found {
  readonly called: readonly Called[];
  /** By client. */
  readonly skipped: readonly SkippedClient[];
  /** Whether the trial passes without them. */
  readonly mayLeaveOut: boolean;
  readonly uncalled: readonly string[];
  readonly models: ModelNames;
}

export interface ApiRow {
  readonly client: string;
  readonly version: string;
  readonly call: string;
  /** The words of the outcome; or why the call was not made. */
  readonly edge: string;
  readonly device: string;
}

export const apiTrial: Experiment<typeof options, Found, Conclusion<ApiRow>> = {
  name: 'trial api',
  lasts: '1 minute',
  fullLasts: '9',
  description: "ask an edge and a device's endpoint with the clients of others: every text must be the target's own",
  notes,
  options,
  measure,
  conclude,
  page: ({ rows }) => clientTable(rows),
  goals: () => ({ failed: 0, clients: { atLeast: 11 } }),
};

async function measure({ full, pair, busy, skip = [] }: Options, run: Run): Promise<Found> {
  const unknown = skip.find((name) => !clientNames.includes(name));
  if (unknown !== undefined)
    throw badArgument(`there is no client "${unknown}"`, `name some of ${clientNames.join(', ')}`);
  await using _busy = startBusyProcesses(busy);
  using open = await openClients(full, skip);
  const models = full ? namesOf({ pair }) : { target: toy, draft: toy };
  await using scene = await openApiScene(models, () => {});
  const called = await callAll(open.clients, scene.places, run);
  const { skipped } = open;
  return { called, skipped, mayLeaveOut: !full, uncalled: await uncalledRoutes(scene.places), models };
}

/** Every call at both places. */
export function callAll(
  clients: readonly ApiClient[],
  places: ApiPlaces,
  run: Pick<Run, 'all'>,
): Promise<readonly Called[]> {
  const units = clients.flatMap(({ name: client, version, calls }) =>
    calls.map((call) => ({
      key: `${client}, ${call.name}`,
      measure: async () => ({ client, version, call: call.name, ...(await callBoth(call, places)) }),
    })),
  );
  return run.all('calls', units, atOnce);
}

type Received = readonly ReceivedText[] | Error;

async function callBoth(call: ApiCall, { edge, device }: ApiPlaces): Promise<Pick<Called, PlaceName>> {
  const received = await Promise.all([edge, device].map((place) => call.run(place).catch(toError)));
  const [atEdge = [], atDevice = []]: readonly Received[] = received;
  return { edge: await compare(atEdge, edge, atDevice), device: await compare(atDevice, device, atEdge) };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** @param other what the other place answered: a text that the target alone can't be asked for must be the same there */
async function compare(received: Received, place: ApiPlace, other: Received): Promise<Outcome> {
  if (received instanceof Error) {
    const words = `${received.name}: ${received.message}`.replaceAll(/\s+/g, ' ').slice(0, 300);
    return { texts: 0, identical: 0, words: `failed: ${words}` };
  }
  const expectedOf = async (asked: ReceivedText['asked'], index: number): Promise<string | null> => {
    if (asked !== null) return place.textOf(asked);
    return other instanceof Error ? null : (other[index]?.text ?? null);
  };
  const pairs = await Promise.all(
    received.map(async ({ asked, text }, index) => ({ text, expected: await expectedOf(asked, index) })),
  );
  const differing = pairs.filter(({ text, expected }) => text !== expected);
  const counts = { texts: pairs.length, identical: pairs.length - differing.length };
  const [first] = differing;
  if (first === undefined) return { ...counts, words: pairs.length === 0 ? 'ok' : 'identical' };
  const shown = (text: string | null): string => JSON.stringify(text?.slice(0, 80) ?? null);
  return { ...counts, words: `differs: ${shown(first.text)} instead of ${shown(first.expected)}` };
}

/** Routes of the app without an answer to any client, as the endpoints themselves have counted. */
async function uncalledRoutes(places: ApiPlaces): Promise<readonly string[]> {
  const uncalled = Object.entries(places).map(async ([name, place]: [string, ApiPlace]) => {
    const headers = { authorization: `Bearer ${place.metricsKey}` };
    const text = await (await fetch(`${rootOf(place)}/metrics`, { headers })).text();
    const isCalled = (route: string): boolean =>
      ['200', '204'].some((status) => text.includes(`_http_requests_total{route="${route}",status="${status}"`));
    const inApp = place.routes.filter((route) => route in routeRules && !(name === 'edge' && route === 'GET /health'));
    return inApp.filter((route) => !isCalled(route)).map((route) => `${name}: ${route}`);
  });
  return (await Promise.all(uncalled)).flat();
}

function conclude({ called, skipped, mayLeaveOut, uncalled, models }: Found): Conclusion<ApiRow> {
  const outcomes = called.flatMap(({ edge, device }) => [edge, device]);
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, one) => total + of(one), 0);
  const summary = {
    clients: new Set(called.map(({ client }) => client)).size,
    calls: outcomes.length,
    failed: sum(({ words }) => (words.startsWith('failed') ? 1 : 0)),
    textsCompared: sum(({ texts }) => texts),
    identical: sum(({ identical }) => identical),
    skippedClients: skipped.length,
    uncalledRoutes: uncalled.length,
  };
  const rows = [
    ...called.map(({ edge, device, ...about }) => ({ ...about, edge: edge.words, device: device.words })),
    ...skipped.map(({ client, why }) => {
      return { client, version: '', call: '', edge: `skipped: ${why}`, device: `skipped: ${why}` };
    }),
  ];
  const { failed, textsCompared, identical } = summary;
  const isWhole = uncalled.length === 0 && (mayLeaveOut || skipped.length === 0);
  const passed = failed === 0 && identical === textsCompared && textsCompared > 0 && isWhole;
  const remarks = [
    ...skipped.map(({ client, why }) => `${client} was skipped: ${why}`),
    ...uncalled.map((route) => `no client has had an answer of ${route}`),
  ];
  return { rows, summary, passed, params: models, remarks };
}

/** One line for each client: how many of its calls were right at each place. */
function clientTable(rows: readonly ApiRow[]): string {
  const lines = [...Map.groupBy(rows, ({ client }) => client)].map(([client, own]) => {
    const right = (place: PlaceName): string =>
      `${own.filter((row) => row[place] === 'identical' || row[place] === 'ok').length} of ${own.length}`;
    const names = own.map(({ call }) => call).join('; ');
    return [client, own[0]?.version ?? '', names, right('edge'), right('device')];
  });
  return markdownTable(['client', 'version', 'calls', 'right on the edge', 'right on the device'], lines);
}
