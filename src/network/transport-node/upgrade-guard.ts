// Which requests may open a WebSocket, by the headers of the HTTP upgrade. A browser names the page's origin and the host of the address; a
// page of a foreign origin must not use an edge without its user's consent, not even by a name that the page's owner resolves to this
// address (DNS rebinding).

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { badArgument, type ErrorCode } from '../../core/basics/errors.ts';
import { subprotocol } from '../transport/socket-connection.ts';
import { isLoopbackAddress } from './listen-address.ts';

/**
 * Why there is no connection: the page's origin, the host of the address, no common subprotocol, no TLS where it is asked for, or too many
 * from one address: upgrades in a time (`rate`), TCP connections that ask for nothing (`requests`).
 */
export type UpgradeRefusalReason =
  | ('origin' | 'host' | 'subprotocol' | 'tls')
  | ('rate' | 'requests' | 'request' | 'plain');

/** A refused upgrade, for logs and counts. */
export interface UpgradeRefusal {
  readonly reason: UpgradeRefusalReason;
  /** Address of the peer: an IPv4 address, or the first half of an IPv6 address; '' if it has gone already. */
  readonly address: string;
  /** One line; it may hold words of the peer, without control characters. */
  readonly detail: string;
}

export interface GuardSettings {
  /** The host that the listener is bound to. */
  readonly host: string;
  readonly allowOrigins?: readonly string[] | undefined;
  readonly allowHosts?: readonly string[] | undefined;
  /** Whether a name is this edge's own by another proof, such as its certificate. */
  readonly isOwnName?: ((name: string) => boolean) | undefined;
  /** Whether pages of this machine may ask, whatever port serves them, by its own names and where only it reaches the listener. */
  readonly allowLocalPages?: boolean;
  /** The certificate of the listener. With one, its own pages have addresses of https. */
  readonly tls?: object | undefined;
}

/** What the peer is sent; `reason` is for this side. */
export interface Refusal {
  readonly reason: UpgradeRefusalReason;
  readonly status: '400 Bad Request' | '403 Forbidden' | '429 Too Many Requests';
  readonly code: ErrorCode;
  /** One line. */
  readonly cause: string;
}

/** A refusal as the peer is sent it: a program reads the code, a person the rest. */
export function refusalLine({ code, cause }: Pick<Refusal, 'code' | 'cause'>): string {
  return `${code}: ${cause}`;
}

/** The cause in such a line; null: it has another code. An edge of an older release writes no colon. */
export function causeIn(line: string, code: ErrorCode): string | null {
  const [, cause] = line.startsWith(code) ? (/^:? (.*)/.exec(line.slice(code.length)) ?? []) : [];
  return cause ?? null;
}

/** Refuses or admits the upgrades of one listener. Null: admitted. */
export type UpgradeGuard = (request: Pick<IncomingMessage, 'headers'>) => Refusal | null;

/**
 * Refuses foreign hosts and origins, of upgrades and of plain requests alike.
 * @throws OutriderError `bad-argument` for an origin or a host that can't be one
 */
export function createAddressGuard({
  host,
  allowOrigins = [],
  allowHosts = [],
  isOwnName = () => false,
  allowLocalPages = false,
  tls,
}: GuardSettings): UpgradeGuard {
  const origins = new Set(allowOrigins.map(parseOrigin));
  const names = new Set(['localhost', host.toLowerCase(), ...allowHosts.map(parseHostName)]);
  // In front of a port without TLS a proxy may have it.
  const schemes = tls === undefined ? ['http:', 'https:'] : ['https:'];
  const knowsHost = (name: string): boolean => isIP(name) !== 0 || names.has(name) || isOwnName(name);
  const isForLocalPages = allowLocalPages && isLoopbackAddress(host);
  return ({ headers }) => {
    const { origin, host: address = '' } = headers;
    const name = hostNameOf(address);
    if (name === null || !knowsHost(name)) {
      return forbidden('host', `the edge does not answer to the name ${printable(name ?? address)}`);
    }
    if (origin === undefined || origins.has(origin.toLowerCase()) || isOwnPage(origin, address, schemes)) return null;
    if (isForLocalPages && isLocalName(name) && isLocalPage(origin)) return null;
    return forbidden('origin', `the edge serves no pages of ${printable(origin)}`);
  };
}

/** @throws OutriderError `bad-argument` for an origin or a host that can't be one */
export function createUpgradeGuard(settings: GuardSettings): UpgradeGuard {
  const guardAddress = createAddressGuard(settings);
  return (request) => {
    const { headers } = request;
    const refusal = guardAddress(request);
    if (refusal !== null) return refusal;
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
    if (offered.includes(subprotocol)) return null;
    const cause = `this edge speaks ${subprotocol}`;
    return { reason: 'subprotocol', status: '400 Bad Request', code: 'version-mismatch', cause };
  };
}

/** A page that this listener has served itself: its origin has one of these schemes, and the host and port of the request's address. */
function isOwnPage(origin: string, address: string, schemes: readonly string[]): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  return schemes.includes(protocol) && host === address.toLowerCase();
}

function isLocalPage(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, origin } = new URL(text);
  return /^https?:$/.test(protocol) && origin === text.toLowerCase() && isLocalName(hostname.replace(/^\[|\]$/g, ''));
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || isLoopbackAddress(name);
}

function forbidden(reason: UpgradeRefusalReason, cause: string): Refusal {
  return { reason, status: '403 Forbidden', code: 'unauthorized', cause };
}

/** Without the port, in lower case; an IPv6 address without brackets. Null: not a host. */
function hostNameOf(address: string): string | null {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/@]+?)\.?)(?::\d{1,5})?$/i.exec(address) ?? [];
  return (bracketed ?? plain)?.toLowerCase() ?? null;
}

function parseHostName(text: string): string {
  const name = isIP(text) === 0 ? hostNameOf(text) : text;
  if (name !== null) return name.toLowerCase();
  throw badArgument(`"${text}" is not the name of a host`, 'write it as edge.example, without port and path');
}

function parseOrigin(text: string): string {
  const { origin, href } = URL.canParse(text) ? new URL(text) : { origin: 'null', href: '' };
  if (origin !== 'null' && (href === `${origin}/` || href === origin)) return origin.toLowerCase();
  throw badArgument(`"${text}" is not an origin`, 'write it as https://page.example, with the port if it has one');
}

/** A foreign text as part of a line: short, and without control characters. */
function printable(text: string): string {
  return text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?');
}
