// `outrider map`: what is on a radio map, in figures and as a picture.

import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command } from 'commander';
import { commandOf } from '../../src/cli/options/option-flags.ts';
import { OutriderError } from '../../src/core/basics/errors.ts';
import { median } from '../../src/core/basics/statistics.ts';
import type { Result } from '../../src/files/document.ts';
import { gainAt, layerNames, mapPicture, siteCountAt, strongestSite } from '../charts/map-picture.ts';
import type { Figure } from '../charts/theme.ts';
import { checkRenderers, renderPng, renderSvg } from '../files/render-figure.ts';
import { findRadioMap } from '../files/shipped-maps.ts';
import { printResult } from '../runner/result-output.ts';
import type { RadioMap } from '../world/radio-map.ts';

const options = {
  name: {
    argument: '<name|file>',
    help: 'a map that comes with outrider (munich, street-canyon), or a file that ends in .map.json',
  },
  figure: { flag: '--figure <file.png>', help: 'draw the map' },
  draw: { flag: '--draw <what>', help: 'what is drawn', choices: layerNames, default: 'gain' },
  site: { flag: '--site <name>', help: 'the site whose gain is drawn; the strongest in each place without it' },
  json: { flag: '--json', help: 'print one JSON document' },
} as const;

const notes = `gain:     path gain of the strongest site, or of the one that --site names
server:   which site is the strongest
coverage: how many sites can be heard at all`;

function showCommand(): Command {
  const description = 'coverage of each site; draws the map';
  return commandOf({ name: 'show', description, options, notes }, async ({ name, figure, draw, site, json }) => {
    if (figure !== undefined) await checkPicture(figure);
    const map = await findRadioMap(name);
    const chosen = site === undefined ? undefined : siteIndex(map, site);
    const title = basename(name).replace(/\.map\.json$/, '');
    if (figure !== undefined) await writePicture(mapPicture(map, draw, chosen, title), figure);
    printResult('map show', { ...mapCoverage(map), params: { map: basename(name) }, seed: map.header.seed }, json);
  });
}

export function mapCommand(): Command {
  return new Command('map').description('radio maps: coverage and pictures').addCommand(showCommand());
}

async function checkPicture(file: string): Promise<void> {
  if (!file.endsWith('.png')) {
    throw new OutriderError('bad-argument', `"${file}" does not end in .png`, 'Name a PNG file.');
  }
  await checkRenderers();
}

async function writePicture(figure: Figure, file: string): Promise<void> {
  const png = await renderPng(await renderSvg(figure));
  try {
    await writeFile(file, png);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OutriderError('bad-argument', `can't write "${file}": ${code}`, 'Name a file in a folder that exists.', {
      cause: error,
    });
  }
}

function siteIndex({ header: { sites } }: RadioMap, name: string): number {
  const index = sites.findIndex((site) => site.name === name);
  if (index >= 0) return index;
  const names = sites.map((site) => site.name).join(', ');
  throw new OutriderError('bad-argument', `the map has no site "${name}"`, `Its sites: ${names}.`);
}

/** One row per site; shares are of the street cells, gains in dB over the cells that the site reaches. */
export function mapCoverage(map: RadioMap): Result {
  const { header, streets } = map;
  const cells = Array.from(streets.walkable.keys()).filter((cell) => streets.walkable[cell] === 1);
  const strongest = cells.map((cell) => strongestSite(map, cell));
  const heard = cells.map((cell) => siteCountAt(map, cell));
  const share = (count: number): number => count / cells.length;
  const rows = header.sites.map(({ name, x, y, z }, site) => {
    const gains = cells.map((cell) => gainAt(map, site, cell)).filter((gain) => !Number.isNaN(gain));
    return {
      site: name,
      x,
      y,
      z,
      coveredShare: share(gains.length),
      gainDbP50: gains.length === 0 ? null : median(gains),
      strongestShare: share(strongest.filter((one) => one === site).length),
    };
  });
  const summary = {
    scene: header.scene,
    frequencyHz: header.frequencyHz,
    cellMetres: header.cellMetres,
    streetCells: cells.length,
    coveredShare: share(heard.filter((count) => count > 0).length),
    coveredByTwoShare: share(heard.filter((count) => count > 1).length),
    sitesPerCellMean: share(heard.reduce((sum, count) => sum + count, 0)),
  };
  return { rows, summary };
}
