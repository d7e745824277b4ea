// `outrider trial api`: clients that others have written, unchanged, against an edge's own port and the endpoint of a device before it. Each text
// must be the one that the target writes alone.

import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { markdownTable } from '../../../src/core/basics/markdown.ts';
import { routeRules } from '../../../src/processes/http/app.ts';
import { busyOption, startBusyProcesses } from '../../measuring/busy-processes.ts';
import type { ApiCall, ApiClient, ApiPlace, Heard } from './call.ts';
import { loadClients } from './clients.ts';
import { openPythonClient } from './python-calls.ts';
import { type ApiPlaces, openApiScene } from './scene.ts';

const toy = 'toy:1';
/** Calls of one place at the same time. */
const atOnce = 4;

const options = {
  full: { flag: '--full', help: 'real models, those of --pair, in place of toys: a few minutes' },
  pair: pairOption as typeof pairOption,
  busy: busyOption as typeof busyOption,
} as const;

type Options = OptionsOf<typeof options>;

const notes = `Examples:
  outrider trial api --json             toy models, some seconds
  outrider trial api --full --json      the default pair
  outrider trial api --busy 4 --json    toy models, beside four busy processes

It starts an edge and "outrider serve" before it, both with keys, and asks both with the clients of OpenAI (Node and Python), Anthropic,
LangChain and the AI SDK, with the requests that Open WebUI sends (recorded), and with none. Text from any route must be the one that the
target writes alone, row by row, for the same prompt, seed and parameters. Each route of the endpoints must have been called.`;

type PlaceName = keyof ApiPlaces;

/** What became of a call at one place. */
export interface Outcome {
  /** Why it failed; null: it did not. */
  readonly failure: string | null;
  readonly texts: number;
  readonly identical: number;
  /** In words what differs first; null: nothing does. */
  readonly difference: string | null;
}

interface Called {
  readonly client: string;
  readonly version: string;
  readonly call: string;
  readonly edge: Outcome;
  readonly device: Outcome;
}

interface Found {
  readonly called: readonly Called[];
  /** By client. */
  readonly skipped: readonly { readonly client: string; readonly why: string }[];
  readonly uncalled: readonly string[];
  readonly models: { readonly target: string; readonly draft: string };
}

export interface ApiRow {
  readonly client: string;
  readonly version: string;
  readonly call: string;
  /** "ok" for a call without text; "identical"; or what is wrong; or why it was not made. */
  readonly edge: string;
  readonly device: string;
}

interface ApiConclusion extends Conclusion<ApiRow> {
  readonly summary: Readonly<Record<string, number>>;
}

export const apiTrial: Experiment<typeof options, Found, ApiConclusion> = {
  name: 'trial api',
  description: "ask an edge and a device's endpoint with the clients of others: every text must be the target's own",
  notes,
  options,
  measure,
  conclude,
  page: ({ rows }) => clientTable(rows),
  goals: () => ({ failed: 0, clients: { atLeast: 7 } }),
};

async function measure({ full, pair, busy }: Options, run: Run): Promise<Found> {
  await using _busy = startBusyProcesses(busy);
  const clients = await loadClients();
  const models = full ? namesOf({ pair }) : { target: toy, draft: toy };
  const python = await openPythonClient();
  using _ = 'missing' in python ? null : python;
  await using scene = await openApiScene(models, () => {});
  const all = 'missing' in python ? clients : [...clients, python];
  const called = await callAll(all, scene.places, run);
  const skipped = 'missing' in python ? [{ client: 'openai for Python', why: python.missing }] : [];
  return { called, skipped, uncalled: await uncalledRoutes(scene.places), models };
}

/** Every call at both places. */
export async function callAll(
  clients: readonly ApiClient[],
  places: ApiPlaces,
  run: Pick<Run, 'onProgress' | 'signal'>,
): Promise<readonly Called[]> {
  const calls = clients.flatMap(({ name, version, calls: own }) =>
    own.map((call) => ({ client: name, version, call })),
  );
  const called: Called[] = [];
  let done = 0;
  const left = calls.entries();
  const work = async (): Promise<void> => {
    for (const [index, { client, version, call }] of left) {
      run.signal.throwIfAborted();
      called[index] = { client, version, call: call.name, ...(await callBoth(call, places)) };
      done += 1;
      run.onProgress('calls', done, calls.length);
    }
  };
  run.onProgress('calls', 0, calls.length);
  await Promise.all(Array.from({ length: atOnce }, work));
  return called;
}

async function callBoth(
  call: ApiCall,
  places: ApiPlaces,
): Promise<{ readonly edge: Outcome; readonly device: Outcome }> {
  const [edge, device] = await Promise.all([hear(call, places.edge), hear(call, places.device)]);
  const told = async (own: Heard[] | Error, other: Heard[] | Error, place: ApiPlace): Promise<Outcome> => {
    if (own instanceof Error) return { failure: wordsOf(own), texts: 0, identical: 0, difference: null };
    const expected = await Promise.all(
      own.map(({ asked }, index) => (asked === null ? otherText(other, index) : place.textOf(asked))),
    );
    const first = own.findIndex(({ text }, index) => text !== expected[index]);
    const identical = own.filter(({ text }, index) => text === expected[index]).length;
    const difference = first === -1 ? null : differenceOf(own[first]?.text ?? '', expected[first] ?? null);
    return { failure: null, texts: own.length, identical, difference };
  };
  return { edge: await told(edge, device, places.edge), device: await told(device, edge, places.device) };
}

async function hear(call: ApiCall, place: ApiPlace): Promise<Heard[] | Error> {
  try {
    return [...(await call.run(place))];
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function otherText(other: Heard[] | Error, index: number): string | null {
  return other instanceof Error ? null : (other[index]?.text ?? null);
}

function wordsOf(error: Error): string {
  return `${error.name}: ${error.message}`.replaceAll(/\s+/g, ' ').slice(0, 300);
}

function differenceOf(text: string, expected: string | null): string {
  return `${JSON.stringify(text.slice(0, 80))} instead of ${JSON.stringify(expected?.slice(0, 80) ?? null)}`;
}

/** Routes of the app that nobody has had an answer of, as the endpoints themselves have counted. */
async function uncalledRoutes(places: ApiPlaces): Promise<readonly string[]> {
  const of = async (name: PlaceName): Promise<readonly string[]> => {
    const { baseUrl, key, routes } = places[name];
    const answer = await fetch(`${baseUrl.replace(/\/v1$/, '')}/metrics`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const text = await answer.text();
    const isCalled = (route: string): boolean => text.includes(`_http_requests_total{route="${route}",status="200"`);
    const inApp = routes.filter((route) => route in routeRules && !(name === 'edge' && route === 'GET /health'));
    return inApp.filter((route) => !isCalled(route)).map((route) => `${name}: ${route}`);
  };
  return [...(await of('edge')), ...(await of('device'))];
}

function conclude({ called, skipped, uncalled, models }: Found): ApiConclusion {
  const outcomes = called.flatMap(({ edge, device }) => [edge, device]);
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, one) => total + of(one), 0);
  const summary = {
    clients: new Set(called.map(({ client }) => client)).size,
    calls: outcomes.length,
    failed: sum(({ failure }) => (failure === null ? 0 : 1)),
    textsCompared: sum(({ texts }) => texts),
    identical: sum(({ identical }) => identical),
    skippedClients: skipped.length,
    uncalledRoutes: uncalled.length,
  };
  const rows = [
    ...called.map(({ edge, device, ...about }) => ({ ...about, edge: shown(edge), device: shown(device) })),
    ...skipped.map(({ client, why }) => {
      return { client, version: '', call: '', edge: `skipped: ${why}`, device: `skipped: ${why}` };
    }),
  ];
  const { failed, textsCompared, identical } = summary;
  const passed = failed === 0 && identical === textsCompared && textsCompared > 0 && uncalled.length === 0;
  const remarks = [
    ...skipped.map(({ client, why }) => `${client} was skipped: ${why}`),
    ...uncalled.map((route) => `no client has had an answer of ${route}`),
  ];
  return { rows, summary, passed, params: models, remarks };
}

/** One line for each client: how many of its calls were right at each place. */
function clientTable(rows: readonly ApiRow[]): string {
  const clients = new Map(rows.map(({ client, version }) => [client, version] as const));
  const lines = [...clients].map(([client, version]) => {
    const own = rows.filter((row) => row.client === client);
    const right = (place: 'edge' | 'device'): string =>
      `${own.filter((row) => row[place] === 'identical' || row[place] === 'ok').length} of ${own.length}`;
    return [client, version, own.map(({ call }) => call).join('; '), right('edge'), right('device')];
  });
  return markdownTable(['client', 'version', 'calls', 'right on the edge', 'right on the device'], lines);
}

function shown({ failure, texts, difference }: Outcome): string {
  if (failure !== null) return `failed: ${failure}`;
  if (difference !== null) return `differs: ${difference}`;
  return texts === 0 ? 'ok' : 'identical';
}
