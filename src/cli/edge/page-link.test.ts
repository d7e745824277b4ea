import { expect, it } from 'vitest';
import { pageLink, qrLines } from './page-link.ts';

it('links to the page at an address that a phone reaches, with the key in the fragment', () => {
  expect(pageLink('ws://0.0.0.0:8642', 'a+b', '192.168.1.7')).toBe('http://192.168.1.7:8642/#key=a%2Bb');
  expect(pageLink('ws://[::]:8642', undefined, '192.168.1.7')).toBe('http://192.168.1.7:8642/');
  expect(pageLink('wss://edge.example:8642', undefined, '192.168.1.7')).toBe('https://edge.example:8642/');
});

it.each(['ws://127.0.0.1:8642', 'ws://localhost:8642', 'ws://[::1]:8642'])('refuses %s', (address) => {
  expect(() => pageLink(address, undefined, '192.168.1.7')).toThrow(expect.objectContaining({ code: 'bad-argument' }));
});

it('prints a code, the link, and that http is not encrypted', () => {
  const lines = qrLines('http://192.168.1.7:8642/#key=secret');
  expect(lines.at(-2)).toBe('http://192.168.1.7:8642/#key=secret');
  expect(lines.at(-1)).toContain('not encrypted');
  const code = lines.slice(0, -2);
  expect(code.length).toBeGreaterThan(10);
  expect(new Set(code.map(({ length }) => length)).size).toBe(1);
  expect(code.join('')).toMatch(/^[ ▀▄█]+$/);
  expect(qrLines('https://edge.example/').at(-1)).toBe('https://edge.example/');
});
