// The report of a run: one HTML file that needs no network and no script.

import type { Scenario } from '../scenario/scenario.ts';
import { packageVersion } from './document.ts';
import { renderSvg } from './figure-render.ts';
import { courseFigure, loadFigure, mapFigure, spreadFigure } from './simulate-figures.ts';
import type { ReportNotes } from './simulate-notes.ts';

export interface ReportContent {
  readonly scenario: Scenario;
  readonly policy: string;
  readonly seed: number;
  readonly fidelity: string;
  readonly rows: readonly object[];
  readonly summary: object;
  readonly notes: ReportNotes;
}

const terms = {
  deviceMsMean: 'drafting',
  edgeMsMean: 'server',
  mismatchMsMean: 'mismatch',
  energyTermMsMean: 'energy',
};
const style =
  'body{font:16px/1.5 Helvetica,Arial,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}' +
  'figure{display:inline-block;margin:0 1em 1em 0;vertical-align:top}td{padding:.1em 1em .1em 0}td+td{text-align:right}';

/** @throws OutriderError `bad-argument` when vega is not installed */
export async function reportPage(content: ReportContent): Promise<string> {
  const { scenario, policy, seed, fidelity, rows, summary, notes } = content;
  const figures = [];
  // One at a time: they share a library that keeps state.
  for (const spec of specsOf(content)) figures.push(`<figure>${await renderSvg(spec)}</figure>`);
  const title = `${scenario.name}, policy ${policy}`;
  const about = `Fidelity ${fidelity}, ${notes.slots} slots of ${scenario.slotMs} ms, seed ${seed}, outrider ${packageVersion()}.`;
  const cells = Object.entries(summary).map(
    ([name, value]) => `<tr><td>${escaped(name)}</td><td>${shown(value)}</td></tr>`,
  );
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head>`,
    `<body><h1>${escaped(title)}</h1><p>${escaped(scenario.description)}</p><p>${escaped(about)}</p>`,
    ...figures,
    `<h2>Summary</h2><p>Names carry units; the rows that courses are drawn from (${rows.length}) are in summary.json.</p>`,
    `<table>${cells.join('\n')}</table></body></html>\n`,
  ].join('\n');
}

function specsOf({ scenario, rows, fidelity, notes }: ReportContent) {
  const hasSlots = fidelity !== 'token';
  const slotSpecs = [
    ...(notes.latencies.size > 0 ? [spreadFigure('Latency of a task (slot equations)', 'ms', notes.latencies)] : []),
    courseFigure("The objective's terms, mean of a task", 'ms (logarithmic)', rows, terms, true),
    courseFigure('Battery, mean of the devices with a task', 'share of full', rows, { batteryMean: 'battery' }),
  ];
  return [
    ...(notes.places.length > 0 ? [mapFigure(notes)] : []),
    ...(notes.paces.size > 0 ? [spreadFigure('Time per token of an answer (token fidelity)', 'ms', notes.paces)] : []),
    loadFigure(notes, scenario.slotMs),
    ...(hasSlots ? slotSpecs : []),
  ];
}

function shown(value: unknown): string {
  if (typeof value !== 'number') return escaped(value === null ? 'none' : String(value));
  return Number.isInteger(value) ? `${value}` : value.toPrecision(4);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
