// The view of one device, and that of one edge: what is known of it, and how it has been since it was chosen.

import type { Snapshot } from '../../src/allocation/controller/watch/fleet-rows.ts';
import { fleetWords } from '../parts/words.ts';
import { Chart } from './chart.tsx';
import type { Placed } from './map-draw.ts';
import { ask, chooseDevice, chooseEdge, deviceHistory, devices, edgeHistory, edges, snapshot } from './model.ts';
import { none, shownNumber, shownShare } from './shown.ts';
import { Pace, whereWords } from './tables.tsx';

const text = fleetWords;
const { columns, charts } = text;

interface Fact {
  readonly name: string;
  readonly value: preact.ComponentChildren;
  readonly isLong?: boolean;
}

function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(({ name, value, isLong }) => (
        <div key={name} class={isLong === true ? 'long' : ''}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function placeWords({ x, y }: Placed): string {
  return x === null ? none : `${shownNumber(x)}, ${shownNumber(y)}`;
}

export function OneDevice() {
  const id = ask.value.device;
  const { links = [] } = snapshot.value ?? {};
  if (id === null) return null;
  const row = devices.value.get(id);
  return (
    <section aria-labelledby="device-title" class="one">
      <div class="bar">
        <h2 id="device-title">
          {columns.device} {id}
        </h2>
        <button type="button" onClick={() => chooseDevice(null)}>
          {text.close}
        </button>
      </div>
      {row === undefined ? (
        <p class="note">{text.gone(id)}</p>
      ) : (
        <>
          <p>
            {whereWords(row)}. {row.why ?? text.noReason}
          </p>
          <Facts
            facts={[
              { name: columns.state, value: text.states[row.state] },
              { name: columns.felt, value: <Pace value={row.feltMs} /> },
              { name: text.facts.predicted, value: shownNumber(row.predictedMs) },
              { name: text.facts.first, value: shownNumber(row.firstMs) },
              { name: text.facts.acceptance, value: shownShare(row.acceptance) },
              { name: text.written, value: text.tokens(shownNumber(row.written), shownNumber(row.limit)) },
              { name: text.battery, value: shownShare(row.battery) },
              { name: text.place, value: placeWords(row) },
              {
                name: columns.mode,
                value: row.modeWhy === null ? (row.mode ?? none) : `${row.mode}: ${row.modeWhy}`,
                isLong: true,
              },
            ]}
          />
        </>
      )}
      <Chart
        title={charts.felt}
        history={deviceHistory}
        lines={[
          { field: 'feltMs', name: charts.own, color: '--line-1' },
          { field: 'predictedMs', name: charts.predicted, color: '--line-2', isDashed: true },
        ]}
      />
      {links.length > 0 ? <Links links={links} /> : null}
    </section>
  );
}

function Links({ links }: { readonly links: Snapshot['links'] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{columns.link}</th>
          <th scope="col">{columns.roundTrip}</th>
          <th scope="col">{columns.rate}</th>
        </tr>
      </thead>
      <tbody>
        {links.map(([edge, { roundTripMs, bitsPerSecond }]) => (
          <tr key={edge}>
            <th scope="row">{edge}</th>
            <td class="number">{shownNumber(roundTripMs)}</td>
            <td class="number">{shownNumber(bitsPerSecond === null ? null : bitsPerSecond / 1e6)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function OneEdge() {
  const id = ask.value.edge;
  if (id === null) return null;
  const row = edges.value.get(id);
  return (
    <section aria-labelledby="edge-title" class="one">
      <div class="bar">
        <h2 id="edge-title">
          {columns.edge} {id}
        </h2>
        <button type="button" onClick={() => chooseEdge(null)}>
          {text.close}
        </button>
      </div>
      {row === undefined ? (
        <p class="note">{text.gone(id)}</p>
      ) : (
        <Facts
          facts={[
            { name: columns.state, value: text.states[row.state] },
            { name: text.model, value: row.model },
            { name: columns.readers, value: shownNumber(row.readers) },
            { name: columns.felt, value: <Pace value={row.feltMs} /> },
            { name: columns.places, value: text.facts.of(shownNumber(row.sessions), shownNumber(row.places)) },
            { name: columns.waiting, value: shownNumber(row.waiting) },
            { name: text.step, value: text.stepOf(shownNumber(row.stepMs), shownNumber(row.rowMs)) },
            { name: columns.rows, value: shownNumber(row.rows) },
            { name: columns.busy, value: shownShare(row.busy) },
            { name: text.place, value: placeWords(row) },
          ]}
        />
      )}
      <Chart
        title={charts.felt}
        history={edgeHistory}
        lines={[{ field: 'feltMs', name: charts.own, color: '--line-1' }]}
      />
      <Chart title={charts.load} history={edgeHistory} lines={loadLines} />
    </section>
  );
}

export const loadLines = [
  { field: 'rows', name: charts.rows, color: '--line-1' },
  { field: 'waiting', name: charts.waiting, color: '--line-3' },
];
