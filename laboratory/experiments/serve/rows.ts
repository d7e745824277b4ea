// The rows of "bench serve".

/** Who is asked: the HTTP port of an edge without any drafts, of one that looks them up, of one with a draft model; or a device's endpoint. */
export const ways = ['ar', 'edge', 'edge-sd', 'device'] as const;
export type Way = (typeof ways)[number];

/** One answer. */
export interface WayText {
  readonly text: string;
  readonly tokens: number;
  /** From the request, ms. */
  readonly firstTextMs: number;
  /** Tokens behind the first piece of text, and the time from it to the last one, ms. */
  readonly decodedTokens: number;
  readonly decodeMs: number;
}

/** The answers to all prompts, one after the other. */
export interface WayRun {
  readonly texts: readonly WayText[];
  /** Of the edge's steps, those that lasted longer than the profile says. */
  readonly overranShare: number;
  /** Runs before it that did not count. */
  readonly voidRuns: number;
}

/** Medians of the runs of a way to ask at one round trip. */
export interface LatencyRow {
  readonly what: 'latency';
  readonly way: Way;
  readonly roundTripMs: number;
  readonly runs: number;
  readonly texts: number;
  readonly textsWrong: number;
  readonly msPerToken: number;
  readonly msPerTokenLow: number;
  readonly msPerTokenHigh: number;
  readonly firstTextMs: number;
  /** The largest of the runs, see {@link WayRun}. */
  readonly overranShare: number;
  readonly voidRuns: number;
  /** Of `ar` at the same round trip. */
  readonly overAr: number;
}

/** What HTTP adds to a request: medians over the requests, ms. */
export interface OverheadRow {
  readonly what: 'overhead';
  readonly requests: number;
  readonly tokens: number;
  readonly libraryMs: number;
  readonly wholeMs: number;
  readonly streamedMs: number;
  /** Of a whole answer, and of a streamed one; the client's own work is part of both. */
  readonly httpOverheadMs: number;
  readonly streamedOverheadMs: number;
}

/** Many clients at once. */
export interface CrowdRow {
  readonly what: 'crowd';
  readonly clients: number;
  readonly seconds: number;
  readonly answers: number;
  readonly chunks: number;
  readonly textsWrong: number;
  readonly failed: number;
  readonly memoryGrowthMb: number;
  /** From the text in the device to the chunk at the client, ms. */
  readonly addedDelayP50Ms: number;
  readonly addedDelayP99Ms: number;
  readonly addedDelayMaxMs: number;
  /** How late the clients' own thread was, 99 in 100 timers at most, ms. */
  readonly clientsLateP99Ms: number;
}

export type ServeRow = LatencyRow | OverheadRow | CrowdRow;
