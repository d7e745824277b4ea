// Records the command of README.md in a terminal of its own (script, of util-linux), and draws what it prints as an SVG, with its colours:
// the picture in README.md. It knows what the commands here print (bold, dim, green, a line that is written again), and no other escape
// sequence. test/terminal-picture.test.ts compares the picture with the program.
//
//   node scripts/terminal-svg.mjs              on an idle machine: a recording with late steps is refused

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const flags = '--prompt "Why is the sky blue?" --rtt 20';
const command = `npm start -- ${flags}`;
const destination = fileURLToPath(new URL('../docs/figures/terminal.svg', import.meta.url));

const columns = 112;
const lineHeight = 18;
const characterWidth = 7.83;
const margin = 16;
const colours = { text: '#e6edf3', green: '#3fb950', dim: '#8b949e' };
const escapeStart = '\u001b[';

/** Lines of characters, each with its colour; a carriage return starts the line again. */
function readTerminal(text) {
  const lines = [[]];
  let colour = 'text';
  let column = 0;
  for (let rest = text; rest !== ''; ) {
    const sequence = rest.startsWith(escapeStart) ? /^(\d*)([A-Za-z])/.exec(rest.slice(escapeStart.length, 10)) : null;
    if (sequence !== null) {
      const [parameters, code, letter] = sequence;
      if (letter === 'K') lines.at(-1).length = code === '2' ? 0 : Math.min(column, lines.at(-1).length);
      else if (letter === 'm') colour = { 32: 'green', 2: 'dim' }[code] ?? 'text';
      rest = rest.slice(escapeStart.length + parameters.length);
      continue;
    }
    const character = String.fromCodePoint(rest.codePointAt(0));
    rest = rest.slice(character.length);
    if (character === '\n') lines.push([]);
    if (character === '\n' || character === '\r') column = 0;
    else lines.at(-1)[column++] = { character, colour };
  }
  return lines;
}

/** Breaks a line at spaces, as a reader of the picture expects; a terminal would break it anywhere. */
function wrap(line) {
  const wrapped = [];
  let rest = line;
  while (rest.length > columns) {
    const space = rest.slice(0, columns + 1).findLastIndex(({ character }) => character === ' ');
    const end = space > 0 ? space : columns;
    wrapped.push(rest.slice(0, end));
    rest = rest.slice(space > 0 ? end + 1 : end);
  }
  return [...wrapped, rest];
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One `tspan` for each stretch of one colour. */
function draw(line, index) {
  const spans = [];
  for (const { character, colour } of line) {
    if (spans.at(-1)?.colour === colour) spans.at(-1).text += character;
    else spans.push({ colour, text: character });
  }
  const parts = spans.map(({ colour, text }) => `<tspan fill="${colours[colour]}">${escaped(text)}</tspan>`);
  const y = margin + lineHeight * (index + 1) - 5;
  return parts.length === 0 ? '' : `<text x="${margin}" y="${y}" xml:space="preserve">${parts.join('')}</text>\n`;
}

/** What the terminal showed, without the first and last line of `script`, and without those that npm says of itself. */
function record() {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-terminal-'));
  const log = join(folder, 'log');
  // So wide that the program breaks no line of the answer: wrap() does.
  const recorded = `stty cols 4000; npm start --silent -- ${flags}`;
  const { CI: _, NO_COLOR: __, ...env } = process.env;
  const { status } = spawnSync('script', ['-qec', recorded, log], { stdio: 'inherit', env: { ...env, TERM: 'xterm' } });
  const text = readFileSync(log, 'utf8');
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(`the command has ended with ${status}`);
  if (/of the paced steps overran/.test(text)) throw new Error('steps were late: record on an idle machine');
  return text
    .replace(/^Script started on .*\n/, '')
    .replace(/\n?Script done on [^\n]*\n?$/, '')
    .replaceAll('\r\n', '\n')
    .trimEnd();
}

const inColour = (text, colour) => [...text].map((character) => ({ character, colour }));
const machine = `Recorded on ${new Date().toISOString().slice(0, 10)} on ${cpus().length} cores of ${cpus()[0]?.model}.`;
const lines = [inColour(`$ ${command}`, 'text'), [], ...readTerminal(record()), [], inColour(machine, 'dim')].flatMap(
  wrap,
);
const width = Math.ceil(columns * characterWidth + 2 * margin);
const height = lines.length * lineHeight + 2 * margin;
writeFileSync(
  destination,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="13" role="img">
<title>${escaped(`What ${command} prints`)}</title>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
${lines.map(draw).join('')}</svg>
`,
);
