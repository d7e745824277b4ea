import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret, withoutSecrets } from './secret.ts';

describe('a secret', () => {
  const secret = new Secret('canary');

  it('is not in anything that shows an object', () => {
    const holder = { secret, list: [secret] };
    const shown = [
      JSON.stringify(holder),
      `${secret}`,
      inspect(holder, { depth: 9, showHidden: true }),
      String(secret),
    ];
    expect(shown.join()).not.toContain('canary');
    expect(JSON.stringify({ secret })).toBe('{}');
    expect(JSON.stringify({ ...holder, list: [] })).toBe('{"list":[]}');
    expect(Object.values(secret)).toEqual([]);
  });

  it('is revealed to who asks', () => {
    expect(secret.reveal()).toBe('canary');
  });
});

it.each([
  ['ws://user:password@edge.example:1/x', 'ws://edge.example:1/x'],
  ['no connection to wss://user@edge/: ECONNREFUSED', 'no connection to wss://edge/: ECONNREFUSED'],
  ['ws://user:p@ss@edge', 'ws://edge'],
  ['ws://a:b@one and HTTPS://c:d@two', 'ws://one and HTTPS://two'],
  ['ws://edge/path@x?mail=a@b', 'ws://edge/path@x?mail=a@b'],
  ['mail a@b.example', 'mail a@b.example'],
  ['wss://edge/x?key=ok_abc#f', 'wss://edge/x?key=(hidden)#f'],
  [
    'wss://a/?api_key=1&page=2&X-Token=3, wss://b?page=key',
    'wss://a/?api_key=(hidden)&page=2&X-Token=(hidden) wss://b?page=key',
  ],
  ['what? key=value', 'what? key=value'],
])('an address %s is shown as %s', (text, shown) => {
  expect(withoutSecrets(text)).toBe(shown);
});
