// The HTTP endpoint on an edge's own port: the edge answers by itself, in mode ar, or edge-sd where it has a draft of its own.

import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { anyone, type EdgeKey } from '../../core/protocol/edge/edge-key.ts';
import { packageVersion } from '../../files/document.ts';
import { readPageFiles } from '../../files/page-files.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import type { LatencyProfile } from '../../models/port/profiles.ts';
import { createInMemoryNetwork } from '../../network/transport/in-memory.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import { isLoopbackAddress } from '../../network/transport-node/listen-address.ts';
import { peerAddress } from '../../network/transport-node/port-limits.ts';
import { createAddressGuard } from '../../network/transport-node/upgrade-guard.ts';
import { createDevice } from '../../processes/device/device.ts';
import type { Edge } from '../../processes/edge/edge.ts';
import { edgeRoutes, isForApi } from '../../processes/edge/edge-requests.ts';
import { createHttpApp, type KeyRefusal, noAccount, routesOf } from '../../processes/http/app.ts';
import { createDeviceCompleter } from '../../processes/http/device-completer.ts';
import { requestListenerOf } from '../../processes/http/listen-http.ts';
import type { EndpointFacts } from '../../processes/http/outrider-headers.ts';
import { createPromptOwners } from '../../processes/http/prompt-owners.ts';
import { EarlyRefusals } from '../../processes/http/refusals.ts';
import { RequestIntake } from '../../processes/http/request-intake.ts';
import type { HttpObserver } from '../../processes/http/request-record.ts';
import { type RouteScope, routeOf } from '../../processes/http/route-rules.ts';
import type { TabFiles } from '../../processes/http/tab-weights.ts';
import type { EdgeAccess } from './edge-access.ts';

type KeyOf = (credentials: string) => EdgeKey | null;

/** What an edge's own port does for the endpoint. */
export interface EndpointHost {
  /** Whether its certificate is for this name. */
  readonly isOwnName: (name: string) => boolean;
  /** Called with failures that are bugs. */
  readonly onFault: (error: unknown) => void;
  /** What GET /metrics answers; default: nothing. */
  readonly metrics?: () => Promise<string>;
  /** Receives each request. */
  readonly observer?: HttpObserver;
  /** What a browser's tab may load; default: nothing. */
  readonly tabFiles?: TabFiles | undefined;
  /** What GET /v1/models reports of it. Default: nothing. */
  readonly facts?: EndpointFacts;
  /** What the edge is shown for the key of a request. Default: that key. */
  readonly credentialsOf?: (key: string | undefined) => string | undefined;
}

/** What answers on the edge's port. */
export interface EdgeEndpoint {
  /** Takes requests whose path {@link isForApi}. */
  readonly onApi: RequestListener;
  /** "GET /health": all that the port answers, the edge's own routes included. */
  readonly routes: readonly string[];
}

/** The endpoint of an edge. Keys are those of `outrider keys`, and count together with those of devices. */
export function edgeEndpoint(
  edge: Pick<Edge, 'accept' | 'status' | 'spend' | 'mostSessions'>,
  { tokenizer, identity, limits: { contextLength } }: Pick<LanguageModel, 'tokenizer' | 'identity' | 'limits'>,
  { listen, routeKeys }: Pick<EdgeAccess, 'listen' | 'routeKeys'>,
  { isOwnName, onFault, metrics, observer, credentialsOf, facts, tabFiles }: EndpointHost,
): EdgeEndpoint {
  const { nowMs } = machineClock;
  // A session is opened in the course of its request, so the edge's log can name the peer.
  const peers = new AsyncLocalStorage<string>();
  const network = createInMemoryNetwork((connection) =>
    edge.accept(Object.assign(connection, { address: peers.getStore() })),
  );
  const device = createDevice({ edge: network.connect, tokenizer, drafter: null });
  const state = (): 'ready' | 'draining' | 'stalled' => states[edge.status.state];
  const guard = createAddressGuard({ ...listen, isOwnName, allowLocalPages: true });
  const newId = (): string => randomBytes(8).toString('hex');
  const early = new EarlyRefusals(nowMs, newId, observer);
  // Where a key is asked for, the edge keeps what it evaluates for that key.
  const isShared = routeKeys === undefined && isLoopbackAddress(listen.host);
  const ownerOf = isShared ? createPromptOwners() : undefined;
  const { name: model } = identity;
  const answering = { device, model, contextTokens: contextLength, nowMs, state, credentialsOf, ownerOf };
  const keyFor = (shown: string | undefined, scope: RouteScope): EdgeKey | KeyRefusal | null =>
    shown === undefined ? null : (routeKeys?.find(shown, scope) ?? null);
  const app = createHttpApp({
    completer: createDeviceCompleter(answering),
    intake: new RequestIntake({ spend: (sender, bytes) => edge.spend(sender, bytes) }),
    early,
    accountOf: (shown, scope) => {
      const key = keyFor(shown, scope);
      if (key !== null && 'status' in key) return noAccount;
      return { keyId: key?.id ?? null, mostAnswers: edge.mostSessions(key ?? anyone) };
    },
    nowMs,
    version: packageVersion(),
    onFault,
    metrics,
    observer,
    pages: readPageFiles(),
    tabFiles,
    facts,
    randomBits: () => randomBytes(8).readBigUInt64LE(),
    refuses: (headers) => guard({ headers: Object.fromEntries(headers) })?.cause ?? null,
    mayUse(shown, scope) {
      const key = keyFor(shown, scope);
      return key !== null && 'status' in key ? key : key !== null || routeKeys === undefined;
    },
    keyName: (shown) => (shown === undefined ? null : (routeKeys?.nameOf(shown) ?? null)),
  });
  const own = routesOf(app).filter((route) => isForApi(route.split(' ')[1]));
  const answer = requestListenerOf(app);
  const onApi: RequestListener = (request, response) => {
    const route = routeOf(request.method ?? '', request.url?.split('?')[0] ?? '');
    if (early.refuses(request, response, route)) return;
    peers.run(peerAddress(request.socket.remoteAddress), () => answer(request, response));
  };
  return { onApi, routes: [...Object.keys(edgeRoutes), ...own] };
}

/** @param parts the edge's own draft and what it is paced to, if it has any */
export function edgeFacts(parts: {
  readonly draft: LanguageModel | undefined;
  readonly profile: LatencyProfile | undefined;
}): EndpointFacts {
  const { draft, profile } = parts;
  const emulated = profile === undefined ? {} : { pace: profile.description };
  return { drafts: draft === undefined ? 'none' : 'edge', emulated };
}

/** Lets the endpoint open sessions with keys for completions, which open none from outside: those need keys for verification. */
export function insideKeys(chatKeyOf: KeyOf | undefined): {
  readonly credentialsOf: NonNullable<EndpointHost['credentialsOf']>;
  /** For `keyOf` of the edge. @param keyOf for connections from outside */
  beside(keyOf: KeyOf | undefined): KeyOf | undefined;
} {
  // No one outside can know it.
  const mark = `inside:${randomBytes(16).toString('base64url')}:`;
  return {
    credentialsOf: (key) => (chatKeyOf === undefined ? key : `${mark}${key ?? ''}`),
    beside: (keyOf) => {
      if (chatKeyOf === undefined || keyOf === undefined) return keyOf;
      return (shown) => (shown.startsWith(mark) ? chatKeyOf(shown.slice(mark.length)) : keyOf(shown));
    },
  };
}

const states = { serving: 'ready', stalled: 'stalled', draining: 'draining', closed: 'draining' } as const;
