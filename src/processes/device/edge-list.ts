// The edges of a turn: one connector, or several edges by name, in the order of preference.

import {
  addressOrConnector,
  type Check,
  type Checks,
  listOf,
  must,
  optional,
  record,
  secret,
  text,
} from '../../core/basics/check-options.ts';
import { badArgument } from '../../core/basics/errors.ts';
import { withoutSecrets } from '../../core/basics/secret.ts';
import { EdgeRoutes } from '../../core/protocol/device/edge-routes.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import type { Connect } from '../../network/transport/transport.ts';

/** One of several edges. */
export interface TurnEdge {
  /** For the report, and for `moveTo`: its address, say. All of a turn are different. */
  readonly name: string;
  readonly connect: Connect;
  /** Its API key, if it asks for one. Default: the turn's `credentials`. */
  readonly credentials?: string | undefined;
  /** Why a turn reads from it, in words for people; asked when it takes a turn over. */
  readonly why?: string | undefined;
}

/** Edges, and what is known of their failures; the turns of a device share it. */
export interface EdgeList {
  readonly routes: EdgeRoutes;
  readonly edges: ReadonlyMap<string, TurnEdge>;
  /** Whether credentials of its edges change during a turn: an edge that refuses these may accept the next ones. Default: false. */
  readonly renewsCredentials?: boolean;
}

/**
 * Why a turn reads from one of several edges, in words for people: its `why`, else its place in the list.
 * @returns undefined: it is the only one
 */
export function whyOf({ routes, edges }: EdgeList, name: string, nowMs: number): string | undefined {
  const stated = edges.get(name)?.why;
  if (stated !== undefined || !routes.hasSeveral) return stated;
  const before = routes.names.slice(0, Math.max(0, routes.names.indexOf(name)));
  if (before.length === 0) return 'it is the first of the list';
  const failed = before.filter((one) => routes.hasFailed(one, nowMs));
  if (failed.length === 0) return 'the edge before it leaves, or a move was ordered';
  return `${failed.join(', ')} ${failed.length === 1 ? 'has' : 'have'} failed, and it is the next of the list`;
}

export function isEdgeList(edges: unknown): edges is EdgeList {
  return typeof edges === 'object' && edges !== null && 'routes' in edges;
}

/** An edge as an application names it: its address, a connector, or either with a key of its own. */
export type DeviceEdge =
  | string
  | Connect
  | {
      /** Address ("wss://host"), or a connector. */
      readonly edge: string | Connect;
      /** For the report, and for `moveTo`. Default: the address; of a connector, "edge 1" and so on. */
      readonly name?: string | undefined;
      /** API key, if this edge asks for one. Default: the device's `credentials`. */
      readonly credentials?: string | undefined;
    };

/** The name of an edge that is given as a connector only. */
const onlyEdge = 'edge';

/** @throws OutriderError `bad-argument` if two have one name, or there is none */
export function createEdgeList(edges: Connect | readonly TurnEdge[]): EdgeList {
  const list = typeof edges === 'function' ? [{ name: onlyEdge, connect: edges }] : edges;
  const byName = new Map(list.map((edge) => [edge.name, edge]));
  if (list.length === 0) throw badArgument('the list of edges is empty', 'Give at least one edge.');
  if (byName.size < list.length) throw badArgument('two edges have the same name or address', 'Give each edge once.');
  return { routes: new EdgeRoutes([...byName.keys()]), edges: byName };
}

/**
 * @param edges one, or several in the order of preference
 * @param open makes the connector of an address
 * @throws OutriderError `bad-argument`
 */
export function listEdges(
  edges: DeviceEdge | readonly DeviceEdge[],
  open: (address: string, index: number) => Connect,
): EdgeList {
  const isOne = typeof edges === 'string' || typeof edges === 'function' || 'edge' in edges;
  const list: readonly DeviceEdge[] = isOne ? [edges] : edges;
  return createEdgeList(
    list.map((one, index) => {
      const { edge, name, credentials } = typeof one === 'object' ? one : { edge: one };
      const fallback = list.length === 1 ? onlyEdge : `edge ${index + 1}`;
      if (typeof edge === 'string')
        return { name: name ?? withoutSecrets(edge), connect: open(edge, index), credentials };
      return { name: name ?? fallback, connect: edge, credentials };
    }),
  );
}

interface EdgeFields {
  readonly edge: string | Connect;
  readonly name?: string;
  readonly credentials?: string;
  readonly fingerprint?: string;
}

/** @param hasPins whether an edge may have the fingerprint of its certificate */
export function deviceEdges(hasPins: boolean): Check {
  const fields: Checks<EdgeFields> = {
    edge: addressOrConnector,
    name: optional(text),
    credentials: optional(secret(limits.credentialBytes)),
    fingerprint: optional(hasPins ? text : must('Only openDevice pins certificates: leave it out.', () => false)),
  };
  const one: Check = (field, edge) => {
    if (typeof edge === 'object' && edge !== null) record(fields)(field, edge);
    else addressOrConnector(field, edge);
  };
  return (field, edges) => (Array.isArray(edges) ? listOf('edges', one) : one)(field, edges);
}
