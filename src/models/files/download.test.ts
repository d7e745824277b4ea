// Downloads against a server on this machine that misbehaves in every way that servers do.

import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderOfEach } from '../gguf/folder.fixture.ts';
import { type DownloadOptions, downloadFile } from './download.ts';

const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));

const here = folderOfEach();
let destination = '';
let server: Server;
let ranges: (string | undefined)[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  destination = here('file');
  ranges = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function address(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
}

function download(options: DownloadOptions = {}): Promise<void> {
  return downloadFile(address(), destination, content.length, options);
}

function startOf(request: IncomingMessage): number {
  return Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

/** Sends the rest of the file, up to `end`, then ends or breaks the connection. */
function sendUpTo(end: number): typeof answer {
  return (request, response) => {
    const start = startOf(request);
    const headers = { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
    response.writeHead(start > 0 ? 206 : 200, start > 0 ? headers : {});
    response.write(content.subarray(start, Math.max(start, end)), () => {
      if (end >= content.length) response.end();
      else setTimeout(() => response.destroy(), 20);
    });
  };
}

describe('a download', () => {
  it('brings the whole file and reports its progress', async () => {
    answer = sendUpTo(content.length);
    const reported: number[] = [];
    await download({ onProgress: (done, total) => reported.push(done, total ?? -1) });
    expect(await readFile(destination)).toEqual(content);
    expect(reported.slice(-2)).toEqual([content.length, content.length]);
  });

  it('goes on where an earlier one stopped', async () => {
    await writeFile(destination, content.subarray(0, 40_000));
    answer = sendUpTo(content.length);
    await download();
    expect(ranges).toEqual(['bytes=40000-']);
    expect(await readFile(destination)).toEqual(content);
  });

  it('begins again where the server cannot go on, and where too much is there', async () => {
    answer = (request, response) => {
      if (startOf(request) < content.length) response.end(content);
      else response.writeHead(416).end();
    };
    await writeFile(destination, 'something else');
    await download();
    expect(await readFile(destination)).toEqual(content);
    await writeFile(destination, Buffer.concat([content, content]));
    await download();
    expect(await readFile(destination)).toEqual(content);
  });

  it('takes a broken connection up again', async () => {
    answer = (request, response) => sendUpTo(startOf(request) + 30_000)(request, response);
    await download();
    expect(ranges).toHaveLength(4);
    expect(await readFile(destination)).toEqual(content);
  });

  it('gives up on a server that brings nothing more', async () => {
    answer = sendUpTo(30_000);
    await expect(download()).rejects.toMatchObject({ code: 'download-failed' });
    expect(ranges).toEqual([undefined, 'bytes=30000-']);
    expect(await readFile(destination)).toEqual(content.subarray(0, 30_000));
  });

  it('refuses a part that is not the one asked for', async () => {
    await writeFile(destination, content.subarray(0, 40_000));
    answer = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-59999/100000' });
      response.end(content.subarray(0, 60_000));
    };
    await expect(download()).rejects.toMatchObject({ code: 'download-failed' });
    expect(await readFile(destination)).toEqual(content.subarray(0, 40_000));
  });

  it('refuses more or less than the file should have', async () => {
    answer = (_, response) => response.end(Buffer.concat([content, content]));
    await expect(download()).rejects.toThrow('sent more');
    answer = (_, response) => response.end(content.subarray(0, 10));
    await expect(download()).rejects.toThrow('sent 10 of 100000 bytes');
  });

  it('says what the server answered', async () => {
    answer = (_, response) => response.writeHead(404).end();
    await expect(download()).rejects.toThrow('answered 404 Not Found');
  });

  it('does not wait for a server that is silent, at first or later', async () => {
    answer = () => undefined;
    await expect(download({ answerTimeoutMs: 50 })).rejects.toThrow('no answer within 0.05 s');
    answer = (_, response) => response.write(content.subarray(0, 10));
    await expect(download({ silenceTimeoutMs: 50 })).rejects.toThrow('no answer within 0.05 s');
  });

  it('says that nobody listens', async () => {
    const nowhere = address();
    await new Promise((resolve) => server.close(resolve));
    await expect(downloadFile(nowhere, destination, 1)).rejects.toMatchObject({ code: 'download-failed' });
    server.listen(0);
  });

  it('ends at an abort and keeps what has come', async () => {
    answer = (_, response) => response.write(content.subarray(0, 50_000));
    const controller = new AbortController();
    const onProgress = (done: number): void => {
      if (done >= 50_000) controller.abort(new Error('enough'));
    };
    await expect(download({ signal: controller.signal, onProgress })).rejects.toThrow('enough');
    expect(await readFile(destination)).toEqual(content.subarray(0, 50_000));
  });

  it('passes on what the disk says', async () => {
    answer = sendUpTo(content.length);
    await expect(downloadFile(address(), here('none', 'file'), 1)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
