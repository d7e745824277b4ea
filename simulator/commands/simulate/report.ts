// The report of a run: one HTML file that needs no network and no script.

import { packageVersion } from '../../../src/files/document.ts';
import { assignmentMap } from '../../charts/assignment-map.ts';
import { fonts } from '../../charts/theme.ts';
import { renderSvg } from '../../files/render-figure.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { StreetMask } from '../../world/street-mask.ts';
import { histogramFigure, serverLoadFigure, timeSeriesFigure } from './figures.ts';
import type { ReportNotes } from './report-notes.ts';

export interface ReportContent {
  readonly scenario: Scenario;
  readonly policy: string;
  readonly seed: number;
  readonly fidelity: string;
  readonly rows: readonly object[];
  readonly summary: object;
  /** Rows of the slot equations, with any fidelity: batteries follow them. */
  readonly slotRows: readonly object[];
  /** Time that each server's engine has run, fidelity token; [E]. */
  readonly engineMs: readonly number[] | undefined;
  /** Streets of the scenario's map. */
  readonly streets: StreetMask | undefined;
  readonly notes: ReportNotes;
}

const mapText = { title: 'Devices and their servers', subtitle: ['The last slot.'] };
const terms = {
  deviceMsMean: 'drafting',
  edgeMsMean: 'server',
  mismatchMsMean: 'mismatch',
  energyTermMsMean: 'energy',
};
const style =
  `:root{color-scheme:light dark}body{font:16px/1.5 ${fonts};max-width:1080px;margin:2em auto;padding:0 1em}` +
  'main{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:1em;align-items:start}' +
  'figure{margin:0}figure svg{max-width:100%;height:auto}td{padding:.1em 1em .1em 0}td+td{text-align:right}';

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
    '<main>',
    ...figures,
    '</main>',
    `<h2>Summary</h2><p>The names carry their units. summary.json also holds the ${rows.length} rows behind the pictures.</p>`,
    `<table>${cells.join('\n')}</table></body></html>\n`,
  ].join('\n');
}

function specsOf({ scenario, rows, fidelity, notes, ...content }: ReportContent) {
  const { slotRows, engineMs, streets, summary } = content;
  const { latencyMsP50, latencyMsP95, msPerTokenP50, msPerTokenP95 } = summary as Record<string, number | null>;
  const { last } = notes;
  const spentMs = notes.slots * scenario.slotMs;
  const latency = { title: 'Latency of a task (slot equations)', median: latencyMsP50, p95: latencyMsP95 };
  const tokenTime = { title: 'Time per token, first one included', median: msPerTokenP50, p95: msPerTokenP95 };
  const slotSpecs = [
    ...(notes.latencies.size > 0 ? [histogramFigure(latency, notes.latencies)] : []),
    serverLoadFigure('work given to it, of its time (slot equations)', notes.workMs, spentMs),
    timeSeriesFigure("The objective's terms, mean of a task", 'ms (logarithmic)', rows, terms, true),
  ];
  return [
    ...(last === undefined || last.places.deviceCount === 0
      ? []
      : [assignmentMap(last.places, last.links, mapText, streets)]),
    ...(notes.tokenTimes.size > 0 ? [histogramFigure(tokenTime, notes.tokenTimes)] : []),
    ...(engineMs === undefined ? [] : [serverLoadFigure('time of its engine (token fidelity)', engineMs, spentMs)]),
    ...(fidelity === 'token' ? [] : slotSpecs),
    timeSeriesFigure('Battery, mean of the devices with a task', 'share of full', slotRows, { batteryMean: 'battery' }),
  ];
}

function shown(value: unknown): string {
  if (typeof value !== 'number') return escaped(value === null ? 'none' : String(value));
  return Number.isInteger(value) ? `${value}` : value.toPrecision(4);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
