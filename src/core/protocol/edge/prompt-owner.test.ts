import { describe, expect, it } from 'vitest';
import { anyone, edgeKey } from './edge-key.ts';
import { promptOwnerOf } from './prompt-owner.ts';

const [conversation, otherConversation] = ['c0'.repeat(16), 'c1'.repeat(16)];
const [namespace, otherNamespace] = ['a0'.repeat(16), 'a1'.repeat(16)];
const ada = edgeKey('ada');
const open = { namespace, conversation };
const isOne = (...texts: readonly Parameters<typeof promptOwnerOf>[]): boolean =>
  new Set(texts.map(([key, one]) => JSON.stringify(promptOwnerOf(key, one)))).size === 1;

describe('the owner of an evaluated text', () => {
  it('is the key with its namespace, whatever the conversation', () => {
    expect(isOne([ada, open], [ada, { ...open, conversation: otherConversation }])).toBe(true);
    expect(isOne([ada, open], [ada, { ...open, namespace: otherNamespace }])).toBe(false);
    expect(isOne([ada, open], [ada, { conversation }])).toBe(false);
    expect(isOne([ada, open], [edgeKey('adb'), open])).toBe(false);
  });

  it('is the conversation where there is no key', () => {
    expect(isOne([anyone, open], [anyone, { ...open }])).toBe(true);
    expect(isOne([anyone, open], [anyone, { ...open, conversation: otherConversation }])).toBe(false);
    expect(isOne([anyone, open], [anyone, { ...open, namespace: otherNamespace }])).toBe(false);
    expect(isOne([ada, open], [anyone, open])).toBe(false);
  });
});
