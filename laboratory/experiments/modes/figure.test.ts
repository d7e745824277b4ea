import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkFigure, installed, renderSvg, writeFigure } from '../../../simulator/files/render-figure.ts';
import type { ModeRow } from './metrics.ts';
import { modesFigure } from './page.ts';

function row(mode: ModeRow['mode'], roundTripMs: number, msPerToken: number | null): ModeRow {
  const law = { givenAcceptance: 0.8, stepFixedMs: 40, stepPerRowMs: 0.4, runs: 20, acceptance: 0.8 };
  return { mode, roundTripMs, msPerToken, msPerTokenStandardError: 0.5, ...law } as ModeRow;
}

const rows = [row('ar', 0, 40), row('ar', 100, 40), row('stream', 0, 20), row('stream', 100, 31)];

describe('the figure of bench modes', () => {
  it('names every line, both axes and their units', async () => {
    const svg = await renderSvg(modesFigure(rows));
    for (const text of ['ar: the edge alone', 'stream: nobody waits', 'round trip, ms', 'time per token, ms']) {
      expect(svg).toContain(text);
    }
    expect(svg).not.toContain('edge-sd: the edge drafts');
    expect(svg).toMatch(/<rect[^>]*fill="#FFFFFF"/);
  });

  it('is written as SVG and PNG', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'outrider-figure-'));
    try {
      await checkFigure(join(directory, 'modes.svg'));
      await writeFigure(modesFigure(rows), join(directory, 'modes.svg'));
      expect(await readFile(join(directory, 'modes.svg'), 'utf8')).toMatch(/^<svg/);
      expect((await readFile(join(directory, 'modes.png'))).subarray(1, 4).toString()).toBe('PNG');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('refuses another ending, and rows without anything to draw', async () => {
    await expect(checkFigure('modes.png')).rejects.toMatchObject({ code: 'bad-argument' });
    expect(() => modesFigure([row('ar', 0, null)])).toThrow('no row of the bench can be drawn');
  });

  it('says how to install what is missing', async () => {
    const missing = installed('vega', () => Promise.reject(new Error('Cannot find package')));
    await expect(missing).rejects.toMatchObject({
      code: 'bad-argument',
      remedy: expect.stringContaining('npm install'),
    });
  });
});
