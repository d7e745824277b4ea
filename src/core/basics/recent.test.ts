import { expect, it } from 'vitest';
import { Recent } from './recent.ts';

it.each([
  ['that came first', () => {}, 'b c d', 'A'],
  ['but none that is used', (recent: Recent<string>) => recent.use('a'), 'c a d', 'B'],
  ['but none that has come again', (recent: Recent<string>) => recent.set('a', 'A'), 'c a d', 'B'],
  ['also one that was looked at', (recent: Recent<string>) => [recent.get('a'), recent.has('a')], 'b c d', 'A'],
  ['and uses none that it has not', (recent: Recent<string>) => recent.use('x'), 'b c d', 'A'],
  ['where there is no room', (recent: Recent<string>) => recent.delete('b'), 'a c d', ''],
] as const)('forgets the value %s', (_what, act, left, gone) => {
  const forgotten: string[] = [];
  const recent = new Recent<string>(3, (value) => forgotten.push(value));
  for (const name of ['a', 'b', 'c']) recent.set(name, name.toUpperCase());
  act(recent);
  recent.set('d', 'D');
  expect([[...recent.keys()].join(' '), forgotten.join(' ')]).toEqual([left, gone]);
});
