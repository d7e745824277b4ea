// Reads server-sent events as a client without a library does.

/** The data of all events but "[DONE]". @throws Error for an answer that is no stream */
export async function eventsOf(answer: Response): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const type = answer.headers.get('content-type') ?? '';
  const text = await answer.text();
  if (answer.status !== 200 || !type.startsWith('text/event-stream'))
    throw new Error(`status ${answer.status}, ${type}: ${text.slice(0, 200)}`);
  const data = text.split(/\r?\n/).flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
  return data.filter((one) => one !== '[DONE]').map((one) => JSON.parse(one) as Readonly<Record<string, unknown>>);
}
