// The page "fleet": what the edges and devices of a controller do.

import { render } from 'preact';
import type { FaultRow, FleetRow } from '../../src/allocation/controller/watch/fleet-rows.ts';
import { fleetWords, words } from '../parts/words.ts';
import { Chart } from './chart.tsx';
import { Connection } from './connection.tsx';
import { FleetMap } from './map.tsx';
import { snapshot, watchLive, wholeHistory } from './model.ts';
import { loadLines, OneDevice, OneEdge } from './one.tsx';
import { shownNumber, shownShare } from './shown.ts';
import { DeviceTable, EdgeTable } from './tables.tsx';

const text = fleetWords;

function Page() {
  const { value } = snapshot;
  return (
    <>
      <header>
        <h1>
          {words.name} · {text.title}
        </h1>
        <Connection />
      </header>
      <main>
        {value === null ? null : (
          <>
            <Faults all={value.faults} />
            <Whole whole={value.fleet} />
            {value.fleet.edges + value.fleet.devices === 0 ? <p class="note">{text.nothing}</p> : null}
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

function faultWords({ kind, subject, count }: FaultRow): string {
  return text.faults[kind](subject ?? '', count);
}

/** What is wrong. Only kinds are announced, not each count. */
function Faults({ all }: { readonly all: readonly FaultRow[] }) {
  const announced = (fault: FaultRow): string => text.announced[fault.kind] ?? faultWords({ ...fault, count: 1 });
  return (
    <>
      <p class="hidden" role="status">
        {all.length === 0 ? text.fine : all.map(announced).join(' ')}
      </p>
      {all.length === 0 ? null : (
        <section class="faults" aria-labelledby="faults-title">
          <h2 id="faults-title">{text.wrong(all.length)}</h2>
          <ul>
            {all.map((fault) => (
              <li key={`${fault.kind} ${fault.subject}`}>
                {faultWords(fault)} {fault.cause === '' ? null : <span class="cause">{fault.cause}</span>}{' '}
                {text.announced[fault.kind] === undefined && fault.count > 1 ? text.times(fault.count) : null}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** The fleet in numbers. */
function Whole({ whole }: { readonly whole: FleetRow }) {
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
      <p class="note">{facts.decided(shownNumber(whole.slot), whole.policy)}</p>
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
