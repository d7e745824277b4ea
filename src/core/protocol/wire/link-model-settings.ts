// Reads link settings from the command line: "rtt=20,jitter=2,up=10M,down=50M,outage=60000/500,seed=7".

import { OutriderError } from '../../basics/errors.ts';
import type { LinkSettings } from './link-model.ts';

/** No delay, unlimited rates, no outages. */
export const idealLink: LinkSettings = {
  roundTripMs: 0,
  jitterMs: 0,
  uplinkBitsPerSecond: Number.POSITIVE_INFINITY,
  downlinkBitsPerSecond: Number.POSITIVE_INFINITY,
  outages: [],
  seed: 0,
};

const remedy =
  'write for example rtt=20,jitter=2,up=10M,down=50M,outage=60000/500,seed=7 (times in ms; bits a second with k, M or G)';
const multiples: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** Properties that are not named keep the value of {@link idealLink}. @throws OutriderError `bad-argument` */
export function parseLink(text: string): LinkSettings {
  let settings = idealLink;
  const seen = new Set<string>();
  for (const part of text.split(',')) {
    const [key, value, ...rest] = part.trim().split('=');
    if (key === undefined || value === undefined || rest.length > 0) throw bad(`"${part}" is not key=value`);
    if (seen.has(key)) throw bad(`"${key}" is given twice`);
    seen.add(key);
    settings = { ...settings, ...parsePart(key, value) };
  }
  return settings;
}

function parsePart(key: string, value: string): Partial<LinkSettings> {
  switch (key) {
    case 'rtt':
      return { roundTripMs: parseNumber(key, value) };
    case 'jitter':
      return { jitterMs: parseNumber(key, value) };
    case 'up':
      return { uplinkBitsPerSecond: parseRate(key, value) };
    case 'down':
      return { downlinkBitsPerSecond: parseRate(key, value) };
    case 'outage':
      return { outages: parseOutage(value) };
    case 'seed':
      return { seed: parseSeed(value) };
    default:
      throw bad(`"${key}" is no property of a link`);
  }
}

function parseOutage(value: string): LinkSettings['outages'] {
  const [every, lasting, ...rest] = value.split('/');
  if (every === undefined || lasting === undefined || rest.length > 0)
    throw bad(`outage=${value} is not every/lasting`);
  const law = { everyMs: parseNumber('outage', every), lastingMs: parseNumber('outage', lasting) };
  if (law.lastingMs >= law.everyMs) throw bad(`outage=${value} lasts as long as its period`);
  return law;
}

function parseSeed(value: string): number {
  const seed = parseNumber('seed', value);
  if (!Number.isSafeInteger(seed)) throw bad(`seed=${value} is no whole number below 2^53`);
  return seed;
}

function parseRate(key: string, value: string): number {
  const match = /^([0-9.]+)([kMG]?)$/.exec(value);
  const bitsPerSecond = parseNumber(key, match?.[1] ?? value) * (multiples[match?.[2] ?? ''] ?? 1);
  if (bitsPerSecond <= 0) throw bad(`${key}=${value} sends nothing`);
  return bitsPerSecond;
}

function parseNumber(key: string, text: string): number {
  if (!/^[0-9]+(\.[0-9]+)?$/.test(text)) throw bad(`${key}=${text} is no number of 0 or more`);
  return Number(text);
}

function bad(cause: string): OutriderError {
  return new OutriderError('bad-argument', `link: ${cause}`, remedy);
}
