// For the tests of the HTTP endpoint on an edge's own port: a toy edge that has it.

import type { RequestListener } from 'node:http';
import { edgeEndpoint } from '../../src/cli/edge/edge-endpoint.ts';
import type { EdgeOptions } from '../../src/processes/edge/edge-options.ts';
import type { ListenEdgeSettings } from '../../src/processes/edge/edge-requests.ts';
import { startToyEdge, type ToyEdge } from './toy-edge.ts';

export interface ApiEdge extends ToyEdge {
  /** "http://127.0.0.1:PORT/v1" */
  readonly baseURL: string;
  readonly model: string;
}

export async function startApiEdge(
  options: Partial<EdgeOptions> & {
    readonly sequences?: number;
    readonly contextLength?: number;
    readonly portLimits?: ListenEdgeSettings['portLimits'];
  } = {},
): Promise<ApiEdge> {
  const { keyOf } = options;
  let onApi: RequestListener = () => {};
  const edge = await startToyEdge({ ...options, onApi: (request, response) => onApi(request, response) });
  const access = {
    listen: { host: '127.0.0.1' },
    routeKeys: keyOf === undefined ? undefined : { find: keyOf, nameOf: () => null },
  };
  ({ onApi } = edgeEndpoint(edge.edge, edge.target, access, { isOwnName: () => false, onFault: () => {} }));
  return { ...edge, baseURL: `http://127.0.0.1:${edge.port}/v1`, model: edge.target.identity.name };
}
