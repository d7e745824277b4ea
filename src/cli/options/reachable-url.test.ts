import { expect, it } from 'vitest';
import { reachableUrl } from './reachable-url.ts';

it.each([
  ['ws://0.0.0.0:8642', 'http://192.168.1.7:8642/'],
  ['wss://[::]:8642', 'https://192.168.1.7:8642/'],
  ['ws://127.0.0.1:8642', 'http://127.0.0.1:8642/'],
  ['wss://edge.example:8642', 'https://edge.example:8642/'],
])('finds %s by %s', (address, found) => {
  expect(reachableUrl(address, '192.168.1.7').href).toBe(found);
});
