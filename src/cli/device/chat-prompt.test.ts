import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createChatPrompt } from './chat-prompt.ts';

function terminal(setRawMode: (raw: boolean) => void) {
  return Object.assign(new PassThrough(), { isTTY: true, setRawMode }) as unknown as NodeJS.ReadStream;
}
const output = () => Object.assign(new PassThrough(), { isTTY: true, columns: 80 }) as unknown as NodeJS.WriteStream;
const never = new AbortController().signal;

it('reads a line', async () => {
  const input = terminal(() => {});
  const line = createChatPrompt(input, output(), never)();
  (input as unknown as PassThrough).write('Why?\r');
  expect(await line).toBe('Why?');
});

it.each(['EIO', 'ENXIO'])('takes a terminal that says %s for the end of the input', async (code) => {
  const lost = (): never => {
    throw Object.assign(new Error(`setRawMode ${code}`), { code });
  };
  expect(await createChatPrompt(terminal(lost), output(), never)()).toBe(undefined);
});

it('takes no other failure for it', async () => {
  const broken = (): never => {
    throw Object.assign(new Error('setRawMode EBADF'), { code: 'EBADF' });
  };
  await expect(createChatPrompt(terminal(broken), output(), never)()).rejects.toThrow('EBADF');
});
