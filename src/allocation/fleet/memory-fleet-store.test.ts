import { expect, it } from 'vitest';
import { OutriderError } from '../../core/basics/errors.ts';
import { testFleetStore } from './fleet-store.contract.ts';
import type { Written } from './fleet-store.ts';
import { type Carry, MemoryFleetStore } from './memory-fleet-store.ts';

testFleetStore('in memory', async () => {
  const store = new MemoryFleetStore();
  return { clients: [store.open(queueMicrotask), store.open(queueMicrotask)], close: async () => {} };
});

/** A way that keeps what it carries. */
function held() {
  const kept: { action: () => void; what: string }[] = [];
  const carry: Carry = (action, what) => kept.push({ action, what });
  return { kept, carry, pass: () => kept.shift()?.action() };
}

it('writes when a request arrives, whether or not its answer does', () => {
  const store = new MemoryFleetStore();
  const [one, other] = [held(), held()];
  const answers: Written[] = [];
  store.open(one.carry).acquire('lease.a', 'one', 0, (answer) => answers.push(answer));
  store.open(other.carry).acquire('lease.a', 'other', 0, (answer) => answers.push(answer));
  other.pass();
  one.pass();
  one.pass();
  expect(answers).toEqual([{ kind: 'refused' }]);
  expect(other.kept.map(({ what }) => what)).toEqual(['answer']);
});

it('fails every request while it has a failure', () => {
  const store = new MemoryFleetStore();
  const { carry, pass } = held();
  const client = store.open(carry);
  const kinds: string[] = [];
  store.failure = new OutriderError('interrupted', 'the store has no leader', 'wait');
  client.put('cell.a', 'here', ({ kind }) => kinds.push(kind));
  client.get('cell.a', ({ kind }) => kinds.push(kind));
  for (let count = 0; count < 4; count += 1) pass();
  store.failure = null;
  client.get('cell.a', (answer) => kinds.push(answer.kind === 'found' ? `${answer.record}` : answer.kind));
  pass();
  pass();
  expect(kinds).toEqual(['failed', 'failed', 'null']);
});
