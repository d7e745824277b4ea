#!/usr/bin/env node
// The houses: who stands where, who may import whom, and how large each part is. scripts/plot.json is the only table. It lists the
// floors from the ground up; floors in one line stand side by side, and so do the rooms of one line inside a floor. A file may import its
// own room and whatever lies below it, nothing beside it and nothing above. As a program it counts lines, and fails on an import
// that goes anywhere else and on a floor above its budget of lines; with --picture it prints docs/houses.svg.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
export const plot = JSON.parse(readFileSync(join(root, 'scripts/plot.json'), 'utf8'));
export const houses = ['src', 'pages', 'simulator', 'laboratory', 'bin'];

/** Each room with its place: the level of its floor, the floor, and the level of the room in it. */
export const rooms = plot.floors.flatMap((floors, level) =>
  floors.flatMap(({ floor, rooms: rows }) =>
    rows.flatMap((names, row) =>
      names.map((name) => ({ room: name === '.' ? floor : `${floor}/${name}`, floor, level, row })),
    ),
  ),
);
const longestFirst = [...rooms].sort((one, other) => other.room.length - one.room.length);

/** The room of a file, by its path from the root; undefined: it stands in none. */
export function roomOf(path) {
  return longestFirst.find(({ room }) => path.startsWith(`${room}/`));
}

export function mayImport(from, to) {
  if (from.room === to.room || to.level < from.level) return true;
  return from.floor === to.floor && to.row < from.row;
}

/** What may stand between two words of code. */
const gap = String.raw`(?:\s|//.*|/\*[^]*?\*/)*`;
const importPatterns = [
  String.raw`^${gap}(?:import|export)\b(?://.*|/\*[^]*?\*/|[^'"\x60;=/])*\bfrom${gap}['"]([^'"\s]+)['"]`,
  String.raw`^${gap}import${gap}['"]([^'"\s]+)['"]`,
  String.raw`\b(?:import|require)\(${gap}['"\x60]([^'"\x60\s]+)['"\x60]`,
].map((source) => new RegExp(source, 'gm'));
/** Lines of a comment and nothing else. */
const withoutComments = (text) => text.replace(/^\s*(?:\/\/.*|\* .*|\/\*(?!.*\*\/).*)$/gm, '');

/** Static, side-effect, dynamic and type imports, and re-exports. Words in a comment line don't count. */
export function findImports(text) {
  const code = withoutComments(text);
  return importPatterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
}

/** Every other path of a code or JSON file, by which a worker or a process is started or a module resolved. */
export function findPaths(text) {
  const quoted = /['"`](\.{1,2}\/[^'"`\s$]+\.(?:[cm]?[jt]sx?|json))['"`]/g;
  return [...withoutComments(text).matchAll(quoted)].map((match) => match[1] ?? '');
}

export function targetOf(path, specifier) {
  return join(dirname(path), specifier).replaceAll('\\', '/');
}

/** The only ways up, by a path: the program is started as a process, and policies of research are loaded by name. */
const waysUp = {
  'src/cli/children/main-file.ts': 'bin/outrider.',
  'src/files/policy-file.ts': 'simulator/files/find-policy.',
};

const isRelative = (specifier) => specifier.startsWith('.');
/** Tests may import any package, files of test/ and kits. Of what else is beside and above, they may import no more than shipped code. */
export const isTest = (path) => /^test\/|\.(test|contract|fixture)\.tsx?$/.test(path);

function packageOf(specifier) {
  if (specifier.startsWith('node:')) return 'node';
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function mayUse({ room, floor }, name) {
  return [room, floor].some((place) => plot.packages[place]?.includes(name));
}

/** @returns "PATH imports SPECIFIER", for each import that goes beside, upward or to a package that its room may not use */
export function findBreaches(files) {
  return files.flatMap(({ path, imports, paths = [] }) => {
    const from = roomOf(path);
    if (from === undefined) return [`${path} stands in no room of scripts/plot.json`];
    return [...new Set([...imports, ...paths])]
      .filter((specifier) => {
        if (!isRelative(specifier)) return !isTest(path) && !mayUse(from, packageOf(specifier));
        const target = targetOf(path, specifier);
        if (path in waysUp && target.startsWith(waysUp[path])) return false;
        const to = roomOf(target);
        if (isTest(path) && (to === undefined || (plot.kits.includes(to.room) && !isTest(target)))) return false;
        return to === undefined || !mayImport(from, to);
      })
      .map((specifier) => `${path} imports ${specifier}`);
  });
}

/** The TypeScript files of the houses: path from the root, lines, imports as they are written. */
export function readSources(folders = houses) {
  return folders.flatMap((house) =>
    readdirSync(join(root, house), { recursive: true, withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name) && !entry.parentPath.includes('node_modules'),
      )
      .map((entry) => {
        const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
        return {
          path: relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'),
          lineCount: text.split('\n').length - 1,
          imports: findImports(text),
          paths: findPaths(text),
        };
      }),
  );
}

/** Lines of shipped files (without tests, contracts and fixtures) by house and by floor. */
export function countLines(sources) {
  const shipped = sources.filter(({ path }) => !isTest(path));
  const of = (folder) => {
    const files = shipped.filter(({ path }) => path.startsWith(`${folder}/`));
    return { folder, files: files.length, lines: files.reduce((sum, { lineCount }) => sum + lineCount, 0) };
  };
  return houses.map((house) => {
    const floors = plot.floors.flat().filter(({ floor }) => floor.startsWith(`${house}/`));
    const parts = floors.length > 0 ? floors.map(({ floor }) => floor) : [];
    return { ...of(house), floors: parts.map(of) };
  });
}

/** @returns each floor of `sources`, and the tests of all, with its lines and its budget in scripts/plot.json */
export function budgetsOf(sources) {
  const floors = countLines(sources).flatMap(({ floors: own, ...house }) => (own.length > 0 ? own : [house]));
  const tests = sources.filter(({ path }) => isTest(path));
  const lines = tests.reduce((sum, { lineCount }) => sum + lineCount, 0);
  return [...floors, { folder: 'tests', files: tests.length, lines }].map(({ folder, lines: own }) => ({
    folder,
    lines: own,
    budget: plot.budgets[folder] ?? 0,
  }));
}

const looks = {
  bin: { title: 'bin/: puts the commands together', fill: '#f6f8fa' },
  laboratory: { title: 'laboratory/: benches and trials, in a clone only', fill: '#fbefff' },
  simulator: { title: 'simulator/: worlds, virtual time, training; published as outrider/simulation', fill: '#fff8c5' },
  pages: { title: 'pages/: what a browser shows, built into dist/pages', fill: '#dafbe1' },
  src: { title: 'src/: the product, published as outrider', fill: '#ddf4ff' },
};

/** The plot as SVG: houses one above the other, a house's floors from the bottom up, rooms of a floor in lines. */
export function picture() {
  const [width, left, lineHeight, gap] = [960, 24, 30, 8];
  const inner = width - 2 * left;
  const out = [];
  const text = (x, y, words, more = '') => out.push(`  <text x="${x}" y="${y}"${more}>${words}</text>`);
  const box = (x, y, w, h, fill, more = '') =>
    out.push(`  <rect x="${x}" y="${y}" width="${w}" height="${h}" rx="5" fill="${fill}" stroke="#8c959f"${more}/>`);
  const drawFloor = ({ floor, rooms: rows }, x, y, w, h) => {
    box(x, y, w, h, '#ffffff');
    const hasRooms = rows.flat().length > 1;
    const said = (name) => (name === '.' ? 'the rest' : name);
    const named = hasRooms ? rows.map((names) => names.map(said)) : [];
    text(x + 10, y + 20, floor, ' font-weight="600"');
    const lines = named.map((names) => names.join(' | ')).toReversed();
    for (const [index, line] of lines.entries())
      text(x + 150, y + 20 + index * 18, line, ' font-size="12" fill="#57606a"');
  };
  const linesOf = ({ rooms: rows }) => rows.length;
  let y = 24;
  for (const house of houses.toReversed()) {
    const floors = plot.floors.filter((line) => line.some(({ floor }) => floor.split('/')[0] === house)).toReversed();
    const heights = floors.map((line) => lineHeight + (Math.max(...line.map(linesOf)) - 1) * 18);
    const height = 30 + heights.reduce((sum, one) => sum + one + gap, 0);
    box(left, y, inner, height, looks[house].fill);
    text(left + 12, y + 20, looks[house].title, ' font-weight="600" fill="#1f2328"');
    let floorY = y + 30;
    for (const [index, line] of floors.entries()) {
      const w = (inner - 24 - gap * (line.length - 1)) / line.length;
      for (const [at, floor] of line.entries()) drawFloor(floor, left + 12 + at * (w + gap), floorY, w, heights[index]);
      floorY += heights[index] + gap;
    }
    y += height + 12;
  }
  const words = 'A file may import its own room and whatever stands lower: nothing beside it, nothing above.';
  text(
    left,
    y + 12,
    `${words} Rooms in one line, or divided by |, stand side by side.`,
    ' font-size="12" fill="#57606a"',
  );
  const font = `font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 28}" ${font} role="img" aria-labelledby="title">`,
    '  <title id="title">The houses: who stands where, and who may import whom</title>',
    `  <rect width="${width}" height="${y + 28}" rx="10" fill="#ffffff"/>`,
    ...out,
    '</svg>\n',
  ].join('\n');
}

function print() {
  const sources = readSources();
  const line = ({ folder, files, lines }, indent) =>
    `${indent}${folder.padEnd(20 - indent.length)}${String(files).padStart(6)} files${String(lines).padStart(9)} lines`;
  for (const house of countLines(sources)) {
    console.log(line(house, ''));
    for (const floor of house.floors) console.log(line(floor, '  '));
  }
  const breaches = findBreaches(sources);
  for (const breach of breaches) console.error(breach);
  if (breaches.length > 0) {
    console.error(`${breaches.length} imports go upward, beside, or to a package of another room (scripts/plot.json)`);
    process.exitCode = 1;
  }
  for (const { folder, lines, budget } of budgetsOf([...sources, ...readSources(['test'])])) {
    if (lines <= budget) continue;
    console.error(`${folder} has ${lines} lines, and ${budget} in "budgets" of scripts/plot.json`);
    console.error('  remove lines there, or move a part of another budget to it');
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === '--picture') process.stdout.write(picture());
  else print();
}
