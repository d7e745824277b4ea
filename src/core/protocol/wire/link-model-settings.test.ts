import { describe, expect, it } from 'vitest';
import { idealLink, parseLink } from './link-model-settings.ts';

describe('parseLink', () => {
  it('reads every property', () => {
    expect(parseLink('rtt=20,jitter=2.5,up=10M,down=1.5G,outage=60000/500,seed=7')).toEqual({
      roundTripMs: 20,
      jitterMs: 2.5,
      uplinkBitsPerSecond: 1e7,
      downlinkBitsPerSecond: 1.5e9,
      outages: { everyMs: 60000, lastingMs: 500 },
      seed: 7,
    });
  });

  it('takes properties that are not named from the ideal link', () => {
    expect(parseLink('rtt=8')).toEqual({ ...idealLink, roundTripMs: 8 });
    expect(parseLink('up=64k')).toEqual({ ...idealLink, uplinkBitsPerSecond: 64000 });
  });

  it.each([
    '',
    'rtt',
    'rtt=',
    'rtt=-1',
    'rtt=1e3',
    'rtt=5=5',
    'rtt=5,rtt=6',
    'ping=5',
    'up=0',
    'up=5m',
    'up=1.2.3M',
    'outage=100',
    'outage=100/100',
    'seed=1.5',
    'seed=99999999999999999',
    '__proto__=1',
  ])('refuses "%s"', (text) => {
    expect(() => parseLink(text)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
