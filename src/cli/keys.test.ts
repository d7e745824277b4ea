import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderOfEach } from '../models/gguf/folder.fixture.ts';
import { productCommands } from './commands.ts';
import { createProgram } from './program.ts';
import { writtenTo } from './terminal/output.fixture.ts';

const here = folderOfEach();
beforeEach(() => void vi.stubEnv('OUTRIDER_STATE', here('state')));
afterEach(async () => {
  vi.unstubAllEnvs();
});

/** What a command writes to each stream. */
async function keys(...words: string[]): Promise<{ readonly out: string; readonly told: string }> {
  const [out, told] = [writtenTo(process.stdout), writtenTo(process.stderr)];
  try {
    await (await createProgram([productCommands])).parseAsync(['keys', ...words], { from: 'user' });
  } finally {
    vi.restoreAllMocks();
  }
  return { out: out(), told: told() };
}

describe('outrider keys', () => {
  it('adds a key and prints its secret once, alone on standard output', async () => {
    const { out } = await keys('add', 'phone of Ada', '--expires', '90d', '--share', '2', '--max-sessions', '3');
    expect(out).toMatch(/^ok_[a-z2-7]{8}_[0-9A-Za-z]{43}\n$/);
    const listed = await keys('list', '--json');
    const { rows } = JSON.parse(listed.out) as { rows: Record<string, unknown>[] };
    expect(rows).toMatchObject([{ name: 'phone of Ada', state: 'valid', scopes: 'verify', share: 2, maxSessions: 3 }]);
    const file = await readFile(here('state', 'keys.json'), 'utf8');
    const plain = (await keys('list')).out;
    for (const text of [listed.out, plain, file]) expect(text).not.toContain(out.trim().slice(-43));
    expect(plain).toContain('phone of Ada');
    expect(listed.out).not.toMatch(/[0-9a-f]{64}/);
  });

  it('rotates and revokes, by name or id, with JSON', async () => {
    const made = JSON.parse((await keys('add', 'Ada', '--scope', 'admin,chat', '--json')).out);
    expect(made.rows[0].scopes).toBe('chat,admin');
    const next = JSON.parse((await keys('rotate', 'Ada', '--grace', '24h', '--json')).out);
    expect(next.summary).toMatchObject({ id: made.summary.id });
    expect(next.summary.key).not.toBe(made.summary.key);
    expect(next.rows[0].formerUntil).toMatch(/^20/);
    expect((await keys('rotate', 'Ada')).told).toContain('no longer taken');
    const ended = JSON.parse((await keys('revoke', made.summary.id, '--json')).out);
    expect(ended.rows).toMatchObject([{ state: 'revoked', id: made.summary.id, formerUntil: null }]);
    await expect(keys('revoke', 'Ada')).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('keeps keys in another file where one is named', async () => {
    const file = here('mine.json');
    await keys('add', 'Ada', '--keys', file);
    expect((await keys('list', '--keys', file)).out).toContain('Ada');
    await expect(keys('list')).rejects.toMatchObject({ code: 'keys-unreadable' });
  });

  it('says what is wrong', async () => {
    for (const words of [
      ['--scope', 'all'],
      ['--expires', 'soon'],
      ['--expires', '2020-01-01'],
      ['--expires', '2099-02-31'],
      ['--share', '0'],
    ]) {
      await expect(keys('add', 'Ada', ...words)).rejects.toBeInstanceOf(Error);
    }
    await expect(keys('list')).rejects.toMatchObject({ code: 'keys-unreadable' });
    await expect(keys('add', 'a\u001b[31m')).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
