// The HTTP endpoint on an edge's own port: the edge answers by itself, in mode ar, or edge-sd where it has a draft of its own.

import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createDevice } from '../device/device.ts';
import type { Edge } from '../edge/edge.ts';
import { packageVersion } from '../files/document.ts';
import { createHttpApp } from '../http/app.ts';
import { createDeviceCompleter } from '../http/device-completer.ts';
import { requestListenerOf } from '../http/listen-http.ts';
import type { HttpObserver } from '../http/request-record.ts';
import type { LanguageModel } from '../models/model.ts';
import { createInMemoryNetwork } from '../transport/in-memory.ts';
import { createAddressGuard } from '../transport-node/upgrade-guard.ts';
import type { EdgeAccess } from './edge-access.ts';

/** What an edge's own port does for the endpoint. */
export interface EndpointHost {
  /** Whether its certificate is for this name. */
  readonly isOwnName: (name: string) => boolean;
  /** Told of failures that are bugs. */
  readonly onFault: (error: unknown) => void;
  /** What GET /metrics answers; default: nothing. */
  readonly metrics?: () => Promise<string>;
  /** Told of each request. */
  readonly observer?: HttpObserver;
}

/** What answers requests below "/v1/" on the edge's port. Keys are those of devices, and count together with them. */
export function edgeEndpoint(
  edge: Pick<Edge, 'accept' | 'status'>,
  { tokenizer, identity }: Pick<LanguageModel, 'tokenizer' | 'identity'>,
  { listen, keyOf }: Pick<EdgeAccess, 'listen' | 'keyOf'>,
  { isOwnName, onFault, metrics, observer }: EndpointHost,
): RequestListener {
  const nowMs = (): number => performance.timeOrigin + performance.now();
  const network = createInMemoryNetwork(edge.accept);
  const device = createDevice({ edge: network.connect, tokenizer, drafter: null });
  const state = (): 'ready' | 'draining' | 'stalled' => states[edge.status.state];
  const guard = createAddressGuard({ ...listen, isOwnName });
  return requestListenerOf(
    createHttpApp({
      completer: createDeviceCompleter({ device, model: identity.name, nowMs, state }),
      ...{ nowMs, version: packageVersion(), onFault, metrics, observer },
      randomBits: () => randomBytes(8).readBigUInt64LE(),
      refuses: (headers) => guard({ headers: Object.fromEntries(headers) })?.text ?? null,
      mayUse: (key) => keyOf === undefined || (key !== undefined && keyOf(key) !== null),
      keyName: (key) => (keyOf === undefined || key === undefined ? null : (keyOf(key)?.name ?? null)),
    }),
  );
}

const states = { serving: 'ready', stalled: 'stalled', draining: 'draining', closed: 'draining' } as const;
