import { describe, expect, it } from 'vitest';
import { addKey, findKey, isName, type KeyEntry, keyState, revokeKey, rotateKey, takesDigest } from './key-book.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';
import { demandStrength, idInKey, keyBits, keyIdFrom, keyTextFrom, parseDuration } from './key-text.ts';

const [one, other] = ['1'.repeat(64), '2'.repeat(64)];
const nowMs = Date.parse('2026-06-01T00:00:00Z');
const at = (ms: number): string => new Date(nowMs + ms).toISOString();

function entryOf(given: Partial<KeyEntry> = {}): KeyEntry {
  return {
    id: 'abcdefg2',
    name: 'phone of Ada',
    sha256: one,
    scopes: ['verify'],
    created: at(-1000),
    expires: null,
    revoked: null,
    share: 1,
    maxSessions: null,
    maxWaiting: null,
    former: null,
    ...given,
  };
}

describe('a key', () => {
  it('is valid until it expires or is revoked', () => {
    expect(keyState(entryOf(), nowMs)).toBe('valid');
    expect(keyState(entryOf({ expires: at(0) }), nowMs - 1)).toBe('valid');
    expect(keyState(entryOf({ expires: at(0) }), nowMs)).toBe('expired');
    expect(keyState(entryOf({ revoked: at(-1), expires: at(9) }), nowMs)).toBe('revoked');
  });

  it('is taken with its present secret only, and after a rotation with the former one for the grace', () => {
    const [rotated] = rotateKey([entryOf()], 'abcdefg2', other, nowMs, 1000);
    const taken = (entry: KeyEntry | undefined, ms: number) =>
      [one, other, '3'.repeat(64)].map((digest) => entry !== undefined && takesDigest(entry, digest, nowMs + ms));
    expect(taken(entryOf(), 0)).toEqual([true, false, false]);
    expect(taken(rotated, 0)).toEqual([true, true, false]);
    expect(taken(rotated, 999)).toEqual([true, true, false]);
    expect(taken(rotated, 1000)).toEqual([false, true, false]);
    expect(taken(rotateKey([entryOf()], 'abcdefg2', other, nowMs, 0)[0], 0)).toEqual([false, true, false]);
    expect(taken(revokeKey([rotated as KeyEntry], 'abcdefg2', at(0))[0], 0)).toEqual([false, false, false]);
  });

  it('is found by its id, or by its name', () => {
    const book = [entryOf({ revoked: at(-9) }), entryOf({ id: 'bbbbbbb2' })];
    expect(findKey(book, 'phone of Ada').id).toBe('bbbbbbb2');
    expect(findKey(book, 'abcdefg2').id).toBe('abcdefg2');
    expect(findKey(book.slice(0, 1), 'phone of Ada').id).toBe('abcdefg2');
    expect(() => findKey(book, 'nobody')).toThrow('there is no key "nobody"');
    const typed = keyTextFrom('abcdefg2', new Uint8Array(32).fill(77));
    expect(() => findKey(book, typed)).toThrow('there is no key "ok_..."');
  });
});

describe('the list of keys', () => {
  it('takes no second valid key of a name, no odd name and no expiry that is over', () => {
    expect(() => addKey([entryOf()], entryOf({ id: 'bbbbbbb2' }))).toThrow('there is a key called');
    expect(addKey([entryOf({ revoked: at(-1) })], entryOf({ id: 'bbbbbbb2' }))).toHaveLength(2);
    expect(() => addKey([entryOf()], entryOf({ name: 'b' }))).toThrow('with the id');
    expect(() => addKey([], entryOf({ expires: at(-1000) }))).toThrow('would have expired');
    expect(() => addKey([], entryOf({ name: '\u001b[31m' }))).toThrow("can't be the name");
  });

  it.each(['Ada', 'ada@home.example', 'Jos\u00e9 2', "O'Brien", 'a'.repeat(64)])('takes the name %j', (name) => {
    expect(isName(name)).toBe(true);
  });

  it.each(['', ' a', 'a ', '-a', '--key', 'a\nb', 'a"b', 'a\u001bb', 'a'.repeat(65), 'a\u202eb'])(
    'not the name %j',
    (name) => {
      expect(isName(name)).toBe(false);
    },
  );

  it('refuses to end a key twice, and a new secret for one that has ended', () => {
    const ended = [entryOf({ revoked: at(-1) })];
    expect(() => revokeKey(ended, 'abcdefg2', at(0))).toThrow('was revoked');
    expect(() => rotateKey(ended, 'abcdefg2', other, nowMs, 0)).toThrow('is revoked');
    expect(() => rotateKey([entryOf({ expires: at(-1) })], 'abcdefg2', other, nowMs, 0)).toThrow('is expired');
  });
});

describe('the file of keys', () => {
  const book = [entryOf({ former: { sha256: other, until: at(9) }, expires: at(99), maxSessions: 2, maxWaiting: 0 })];

  it('reads what it wrote', () => {
    expect(readKeyFile(writeKeyFile(book), 'x')).toEqual(book);
    expect(readKeyFile(writeKeyFile([]), 'x')).toEqual([]);
  });

  it.each([
    ['nothing', '', 'not JSON'],
    ['half of a file', writeKeyFile(book).slice(0, 300), 'not JSON'],
    ['another file', '{"a": 1}', 'its format is not'],
    ['no list', '{"format":"outrider-keys","version":1,"keys":{}}', 'no list'],
    ['a foreign field', '{"format":"outrider-keys","version":1,"keys":[],"open":true}', '"open" is unknown'],
    ['null', 'null', 'its format is not'],
    ['an entry that is none', '{"format":"outrider-keys","version":1,"keys":[3]}', 'key 1: not an object'],
  ])('refuses %s', (_, text, why) => {
    expect(() => readKeyFile(text, 'keys.json')).toThrow(expect.objectContaining({ code: 'keys-unreadable' }));
    expect(() => readKeyFile(text, 'keys.json')).toThrow(why);
  });

  it('refuses every entry with a field that is missing, unknown or wrong', () => {
    const wrong: Record<keyof KeyEntry, unknown[]> = {
      id: ['short', 'ABCDEFG2', 7],
      name: ['', 'a\nb', null],
      sha256: ['1', one.toUpperCase().replace(/1/g, 'A'), null],
      scopes: [[], ['all'], 'verify'],
      created: ['yesterday', null, 5],
      expires: ['2026', '2026-99-99T00:00:00Z', 0],
      revoked: [true, ''],
      share: [0, -1, '1', 1e9, null],
      maxSessions: [0, -1, 1.5, '2'],
      maxWaiting: [-1, 0.5],
      rowsPerMinute: [0, -1, 2.5, '9'],
      targetMsPerToken: [0, -1, '9'],
      former: [{}, { sha256: one }, { sha256: one, until: at(0), more: 1 }, one],
    };
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) {
        const text = writeKeyFile([{ ...entryOf(), [field]: value } as KeyEntry]);
        expect(() => readKeyFile(text, 'x'), `${field} ${JSON.stringify(value)}`).toThrow(`key 1: "${field}"`);
      }
      // It came later: a file without it is as good as before.
      if (field === 'rowsPerMinute' || field === 'targetMsPerToken') continue;
      const { [field as keyof KeyEntry]: _, ...rest } = entryOf();
      expect(() => readKeyFile(writeKeyFile([rest as KeyEntry]), 'x')).toThrow('is missing');
    }
    const slip = { ...entryOf(), expire: at(0) } as KeyEntry;
    expect(() => readKeyFile(writeKeyFile([slip]), 'x')).toThrow('"expire" is unknown');
    expect(() => readKeyFile(writeKeyFile([entryOf(), entryOf()]), 'x')).toThrow('same id');
  });

  it('names a newer version', () => {
    const text = '{"format":"outrider-keys","version":2,"keys":[]}';
    expect(() => readKeyFile(text, 'x')).toThrow(expect.objectContaining({ code: 'version-mismatch' }));
  });
});

describe('the text of a key', () => {
  it('has a prefix, the id and 43 letters and digits', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
    const id = keyIdFrom(Uint8Array.of(1, 2, 3, 4, 255));
    const key = keyTextFrom(id, bytes);
    expect(key).toMatch(/^ok_[a-z2-7]{8}_[0-9A-Za-z]{43}$/);
    expect(idInKey(key)).toBe(id);
    expect(keyTextFrom(id, bytes.with(31, 1))).not.toBe(key);
    expect(keyTextFrom(id, new Uint8Array(32).fill(255))).toHaveLength(key.length);
    expect(keyTextFrom(id, new Uint8Array(32))).toBe(`ok_${id}_${'0'.repeat(43)}`);
    for (const text of ['', 'secret', `${key}x`, key.slice(1), key.toUpperCase()]) expect(idInKey(text)).toBeNull();
  });

  it.each([
    ['0123456789abcdef0123456789abcdef', 128],
    ['0123456789abcdefABCDEF', 130],
    ['01234567890123456789', 66],
    ['abcdefghijklmnopqrstuvwxyz', 122],
    ['a'.repeat(64), 0],
    ['abababababababababababababababab', 32],
    ['0123456'.repeat(4), 78],
    ['01234567'.repeat(4), 106],
    ['', 0],
  ])('%j is worth at most %i bits', (text, bits) => {
    expect(Math.floor(keyBits(text) + 1e-9)).toBe(bits);
  });

  it('must be long, and strong where others can reach the edge', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
    const strong = [keyTextFrom('abcdefg2', bytes), 'd1f0c3b2a4958677d1f0c3b2a4958677', 'Zk3vQ8xT1mBw7rYc5nHs2d'];
    for (const key of strong) expect(() => demandStrength(key, true)).not.toThrow();
    const weak = ['12345678', 'correct horse', 'd1f0c3b2a4958677d1f0c3b2a495867', 'a'.repeat(100), '1'.repeat(40)];
    for (const key of weak) {
      expect(() => demandStrength(key, true)).toThrow('too weak');
      expect(() => demandStrength(key, false)).not.toThrow();
    }
    for (const exposed of [true, false]) expect(() => demandStrength('1234567', exposed)).toThrow('at least 8');
    try {
      demandStrength('canary-1', true);
    } catch (error) {
      expect(`${error} ${JSON.stringify(error)}`).not.toContain('canary');
    }
  });
});

describe('a duration', () => {
  it.each([
    ['0', 0],
    ['45s', 45_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['90d', 7_776_000_000],
  ])('%s is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '5', '-1d', '1w', '1.5h', 'd', '1 d'])('%j is none', (text) =>
    expect(() => parseDuration(text)).toThrow('Give a duration'),
  );
});
