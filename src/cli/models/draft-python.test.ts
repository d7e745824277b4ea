import { describe, expect, it } from 'vitest';
import { findPython } from './draft-python.ts';

describe('finding Python', () => {
  it('refuses what is named and is none', async () => {
    const refused = { code: 'python-missing', message: expect.stringContaining('no-such-python') };
    await expect(findPython('no-such-python')).rejects.toMatchObject(refused);
    await expect(findPython(process.execPath)).rejects.toMatchObject({ code: 'python-missing' });
  });
});
