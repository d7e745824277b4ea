import { expect, it } from 'vitest';
import { engineCommand } from './engine.ts';

it.each([[], ['--socket', 'x.sock', '--port', '0']])('takes one address: %j', async (...words) => {
  const served = engineCommand().parseAsync(['serve', '--model', 'toy:7', ...words.flat()], { from: 'user' });
  await expect(served).rejects.toMatchObject({ code: 'bad-argument', remedy: expect.stringContaining('--socket') });
});
