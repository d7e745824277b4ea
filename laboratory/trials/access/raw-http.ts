// HTTP requests over plain TCP, with whatever head and body: clients of a library can't send what a rude one does.

import { connect, type Socket } from 'node:net';

export interface RawHttpRequest {
  readonly method: string;
  readonly path: string;
  readonly host?: string | undefined;
  /** Source address. */
  readonly from?: string | undefined;
  /** Others may follow on the same connection; default: it is the last one. */
  readonly isKept?: boolean;
  /** Lines of the head after "Host". */
  readonly lines?: readonly string[];
  /** What follows the head, as it is. */
  readonly body?: readonly (string | Uint8Array)[];
}

export interface RawHttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection that swallows its errors: who asks looks at what came. @param from source address */
export function openRaw(port: number, from?: string): Socket {
  const source = from === undefined ? {} : { localAddress: from };
  return connect({ port, host: '127.0.0.1', noDelay: true, ...source }).on('error', () => {});
}

/** The head of a request, its empty line included. */
export function requestHead(port: number, request: RawHttpRequest): string {
  const { method, path, host = `127.0.0.1:${port}`, isKept = false, lines = [] } = request;
  const own = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...(isKept ? [] : ['Connection: close'])];
  return `${[...own, ...lines].join('\r\n')}\r\n\r\n`;
}

/** @returns null: the other side closed, or said nothing in time, without an answer */
export function askRaw(port: number, request: RawHttpRequest, limitMs = 10_000): Promise<RawHttpAnswer | null> {
  const { method, from, body = [] } = request;
  return new Promise((resolve) => {
    const socket = openRaw(port, from);
    let text = '';
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answerOf(text));
    };
    const timer = setTimeout(done, limitMs);
    // What was read before counts: a server may answer and close before it has read all.
    socket.on('close', done);
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
      if (isWhole(text, method)) done();
    });
    socket.write(requestHead(port, request));
    for (const part of body) socket.write(part);
  });
}

/** Where the length is not said, the answer ends with the connection. */
function isWhole(text: string, method: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const { status, headers } = headOf(text.slice(0, end));
  if (method === 'HEAD' || status === 204) return true;
  const length = headers['content-length'];
  return length !== undefined && text.length - end - 4 >= Number(length);
}

function answerOf(text: string): RawHttpAnswer | null {
  const end = text.indexOf('\r\n\r\n');
  if (!text.startsWith('HTTP/1.1 ') || end === -1) return null;
  return { ...headOf(text.slice(0, end)), body: text.slice(end + 4) };
}

function headOf(head: string): Omit<RawHttpAnswer, 'body'> {
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
  });
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers) };
}
