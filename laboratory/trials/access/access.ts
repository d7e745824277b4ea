// `outrider trial access`: every route and every WebSocket path, with every key and in every way. What there is to ask comes from the
// running processes; what has to come back, from the rules of the routes and one table.

import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { edgeRoutes } from '../../../src/processes/edge/edge-requests.ts';
import { controllerRoutes } from '../../../src/processes/http/fleet-page.ts';
import { routeRules } from '../../../src/processes/http/route-rules.ts';
import { busyOption, startBusyProcesses } from '../../measuring/busy-processes.ts';
import { type AskedRoute, type Case, noStream, visitRoute } from './http-visits.ts';
import type { Keys, Place, SocketRole, Treatment } from './rules.ts';
import { type AccessScene, type OpenPort, openAccessScene } from './scene.ts';
import { type AskedSocket, visitSocket } from './socket-visits.ts';
import { visitStreams } from './stream-visits.ts';

const notes = `It starts an edge with a file of keys, "outrider serve" before it, and a controller, and asks for every route that they say they have,
for paths that they don't have, and for connections: without a key, with a wrong one, a revoked and an expired one, with a key of each
scope and with every key of another place, each by both headers; from a foreign and an allowed page, by a foreign host, with other methods
and spellings, with bodies and heads that are too long or broken. The exit status is 1 if one answer is not that of the table.

Examples:
  outrider trial access --json
  outrider trial access --busy 4 --json      the same beside four busy processes`;

const options = { busy: busyOption as typeof busyOption } as const;

/** A route, or a path for connections. */
interface Asked {
  readonly place: Place;
  readonly route: string;
  readonly rule: string;
  readonly cases: readonly Case[];
}

/** How many ways it was asked for, and which were answered wrongly. */
export interface AccessRow extends Omit<Asked, 'cases'> {
  readonly cases: number;
  readonly wrong: number;
  /** "" if none is. */
  readonly firstWrong: string;
}

export const accessTrial: Experiment<typeof options, readonly Asked[], Conclusion<AccessRow>> = {
  name: 'trial access',
  lasts: '2 minutes',
  description: 'ask for every route and connection with every key, origin, host, method and broken body',
  notes,
  options,
  async measure({ busy }, run) {
    await using _ = startBusyProcesses(busy);
    await using scene = await openAccessScene();
    // Awaited here: the scene is closed at the end of this block.
    return await askAll(scene, run);
  },
  conclude,
  goals: () => ({ wrong: 0 }),
};

async function askAll(scene: AccessScene, run: Run): Promise<readonly Asked[]> {
  const { keys, model, digest } = scene;
  const places = ['edge', 'device', 'controller'] as const;
  const routes = places.flatMap((place) => routesToAsk({ place, model, digest, ...scene[place] }));
  const units = [
    ...routes.map((one) => () => askRoute(one, keys)),
    ...socketsToAsk(scene).map((one) => () => askSocket(one, keys)),
    () => askStreams(scene),
  ].map((measure, index) => ({ key: `${index}`, measure }));
  // One after the other: orders change what the edge answers.
  return run.all('routes and connections', units);
}

async function askStreams(scene: AccessScene): Promise<Asked> {
  return { place: 'edge', route: 'streams of another key', rule: 'chat', cases: await visitStreams(scene) };
}

async function askSocket(socket: AskedSocket, keys: Keys): Promise<Asked> {
  const { place, path, role } = socket;
  return { place, route: `WebSocket ${path}`, rule: role, cases: await visitSocket(socket, keys) };
}

/** A route to ask for. */
export interface RouteToAsk extends Omit<AskedRoute, 'treatment'> {
  /** "GET /v1/models/:model" */
  readonly route: string;
  /** Null: it has no rule. */
  readonly treatment: Treatment | null;
}

/** @returns all routes of a place, orders last, and paths that it does not have */
export function routesToAsk(
  asked: OpenPort & { readonly place: Place; readonly model: string; readonly digest?: string },
): readonly RouteToAsk[] {
  const { place, port, routes, model, digest = '' } = asked;
  const values = {
    ':model': encodeURIComponent(model),
    ':file': place === 'controller' ? 'fleet.js' : 'chat.js',
    ':digest': digest,
    ':id': noStream,
  };
  const ask = (route: string, treatment: Treatment | null): RouteToAsk => {
    const [method = '', path = ''] = route.split(' ');
    const known = routes.filter((one) => one.endsWith(` ${path}`)).map((one) => one.split(' ')[0] ?? '');
    const methods = known.length === 0 ? [method] : known;
    const filled = path.replace(/:\w+/, (name) => values[name as keyof typeof values] || name);
    // No stream has this id.
    const query = path === '/v1/stream' ? `?conv_id=${noStream}` : '';
    return { place, port, route, method, path: `${filled}${query}`, treatment, methods };
  };
  const all = routes.map((route) => ask(route, treatmentOf(place, route)));
  const inApp = place === 'controller' ? [] : ['GET /v1/nowhere', 'POST /v1/nowhere'];
  const elsewhere = place === 'device' ? 'unknown' : 'port other';
  return [
    ...all.filter(({ treatment }) => treatment !== 'port order'),
    ...inApp.map((route) => ask(route, 'unknown')),
    ...['GET /nowhere', 'POST /nowhere', ...(place === 'controller' ? ['GET /'] : [])].map((route) =>
      ask(route, elsewhere),
    ),
    ...all.filter(({ treatment }) => treatment === 'port order'),
  ];
}

/** By the rules of the app, or of the edge's and the controller's own port. */
function treatmentOf(place: Place, route: string): Treatment | null {
  if (place === 'controller') return controllerRoutes.includes(route) ? 'port page' : null;
  const own = place === 'edge' ? edgeRoutes[route] : undefined;
  return own !== undefined ? `port ${own}` : (routeRules[route] ?? null);
}

export async function askRoute({ route, treatment, ...asked }: RouteToAsk, keys: Keys): Promise<Asked> {
  const { place, path } = asked;
  const without = (found: string): Case => ({ visit: 'its rule', expected: 'one', found, isWrong: true });
  if (treatment === null) return { place, route, rule: 'none', cases: [without('none')] };
  const hasValues = !path.includes(':');
  const missing = [without('a parameter without a value here')];
  const cases = hasValues ? await visitRoute({ ...asked, treatment }, keys) : missing;
  return { place, route, rule: treatment, cases };
}

function socketsToAsk(scene: AccessScene): readonly AskedSocket[] {
  const roles: readonly SocketRole[] = ['session', 'member device', 'member edge', 'watcher'];
  return roles.flatMap((role) => {
    const place = role === 'session' ? 'edge' : 'controller';
    return ['/', '/v1/models', '/watch', '/nowhere'].map((path) => ({ place, port: scene[place].port, path, role }));
  });
}

export function conclude(asked: readonly Asked[]): Conclusion<AccessRow> {
  const rows = asked.map(({ place, route, rule, cases }): AccessRow => {
    const wrong = cases.filter(({ isWrong }) => isWrong);
    return { place, route, rule, cases: cases.length, wrong: wrong.length, firstWrong: wordsOf(wrong[0]) };
  });
  const sum = (key: 'cases' | 'wrong'): number => rows.reduce((total, row) => total + row[key], 0);
  const summary = { cases: sum('cases'), wrong: sum('wrong'), routes: rows.length };
  const remarks = asked.flatMap(({ place, route, cases }) =>
    cases.filter(({ isWrong }) => isWrong).map((one) => `${place}, ${route}: ${wordsOf(one)}`),
  );
  return { rows, summary, passed: summary.wrong === 0, remarks: remarks.slice(0, 40) };
}

function wordsOf(one: Case | undefined): string {
  return one === undefined ? '' : `${one.visit}: ${one.found} instead of ${one.expected}`;
}
