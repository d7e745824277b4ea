// The page "fleet": what the edges and devices of a controller do, live or from a recording.

import { render } from 'preact';
import { fleetWords, words } from '../parts/words.ts';
import { Chart } from './chart.tsx';
import { Connection } from './connection.tsx';
import { FleetMap } from './map.tsx';
import { faults, fleet, watchLive, wholeHistory } from './model.ts';
import { loadLines, OneDevice, OneEdge } from './one.tsx';
import { RecordingBar } from './recording-bar.tsx';
import { numberIn, shownNumber, shownShare, textIn } from './shown.ts';
import { DeviceTable, EdgeTable } from './tables.tsx';

const text = fleetWords;

function Page() {
  const whole = fleet.value;
  const isEmpty = whole !== null && whole.edges === 0 && whole.devices === 0;
  return (
    <>
      <header>
        <h1>
          {words.name} · {text.title}
        </h1>
        <Connection />
        <RecordingBar />
      </header>
      <main>
        {whole === null ? null : (
          <>
            <Faults />
            <Whole />
            {isEmpty ? <p class="note">{text.nothing}</p> : null}
            <div class="split">
              <div>
                <FleetMap />
                <EdgeTable />
              </div>
              <div>
                <OneDevice />
                <OneEdge />
                <Charts />
              </div>
            </div>
            <DeviceTable />
            <p class="note">{text.firstNote}</p>
          </>
        )}
      </main>
    </>
  );
}

function faultWords(kind: unknown, subject: unknown, count: unknown): string {
  const name = textIn(kind);
  const say = Object.hasOwn(text.faults, name) ? text.faults[name] : undefined;
  return say?.(textIn(subject), numberIn(count) ?? 1) ?? text.otherFault(name);
}

function announced(kind: unknown, subject: unknown): string {
  const name = textIn(kind);
  return (Object.hasOwn(text.announced, name) ? text.announced[name] : undefined) ?? faultWords(kind, subject, 1);
}

/** What is wrong. Only kinds are announced, not each count. */
function Faults() {
  const all = [...faults.value];
  const standing = ['unserved', 'edge-away'];
  return (
    <>
      <p class="hidden" role="status">
        {all.length === 0 ? text.fine : all.map(([, { kind, subject }]) => announced(kind, subject)).join(' ')}
      </p>
      {all.length === 0 ? null : (
        <section class="faults" aria-labelledby="faults-title">
          <h2 id="faults-title">{text.wrong(all.length)}</h2>
          <ul>
            {all.map(([key, { kind, subject, cause, count }]) => (
              <li key={key}>
                {faultWords(kind, subject, count)} {cause === '' ? null : <span class="cause">{cause}</span>}{' '}
                {!standing.includes(kind) && (numberIn(count) ?? 1) > 1 ? text.times(count) : null}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** The fleet in numbers. */
function Whole() {
  const whole = fleet.value;
  if (whole === null) return null;
  const { facts } = text;
  const items = [
    { name: facts.edges, value: facts.of(shownNumber(whole.serving), shownNumber(whole.edges)) },
    { name: facts.devices, value: facts.of(shownNumber(whole.reading), shownNumber(whole.devices)) },
    { name: facts.felt, value: shownNumber(whole.feltMs) },
    { name: facts.predicted, value: shownNumber(whole.predictedMs) },
    { name: facts.slow, value: shownNumber(whole.feltMsP95) },
    { name: facts.first, value: shownNumber(whole.firstMs) },
    { name: facts.acceptance, value: shownShare(whole.acceptance) },
    { name: facts.waiting, value: shownNumber(whole.waiting) },
  ];
  return (
    <>
      <dl class="whole">
        {items.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="note">{facts.decided(shownNumber(whole.slot), textIn(whole.policy))}</p>
    </>
  );
}

function Charts() {
  const { charts } = text;
  return (
    <section aria-labelledby="charts-title">
      <h2 id="charts-title">{text.overTime}</h2>
      <Chart
        title={charts.felt}
        history={wholeHistory}
        lines={[
          { field: 'feltMs', name: charts.median, color: '--line-1' },
          { field: 'feltMsP95', name: charts.p95, color: '--line-3' },
          { field: 'predictedMs', name: charts.predicted, color: '--line-2', isDashed: true },
        ]}
      />
      <Chart
        title={charts.acceptance}
        history={wholeHistory}
        lines={[{ field: 'acceptance', name: charts.accepted, color: '--line-1' }]}
      />
      <Chart title={charts.load} history={wholeHistory} lines={loadLines} />
    </section>
  );
}

watchLive();
render(<Page />, document.body);
