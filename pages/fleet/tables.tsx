// The tables: edges, and who reads from where and why. They have all that the map has.

import { signal } from '@preact/signals';
import type { DeviceRow, EdgeRow } from '../../src/allocation/controller/watch/fleet-rows.ts';
import { fleetWords } from '../parts/words.ts';
import { ask, chooseDevice, chooseEdge, devices, edges, snapshot } from './model.ts';
import { byName, none, paceLevel, shownNumber, shownShare } from './shown.ts';

const text = fleetWords;

type Order = 'device' | 'reads' | 'felt';
const order = signal<Order>('device');

export function Pace({ value }: { readonly value: number | null }) {
  const level = paceLevel(value);
  return (
    <span class="pace">
      <span class={`dot ${level === null ? 'unknown' : `pace-${level}`}`} />
      {shownNumber(value)}
    </span>
  );
}

/** Where a device reads, and where it is sent next. */
export function whereWords({ edge, goal, state }: DeviceRow): string {
  const where = edge ?? text.states[state];
  if (goal === null || goal === edge) return where;
  return `${where}; ${edge === null ? text.next(goal) : text.movesTo(goal)}`;
}

function sorted(rows: ReadonlyMap<string, DeviceRow>, by: Order): [string, DeviceRow][] {
  const all = [...rows].sort(byName);
  if (by === 'reads') return all.sort(([, one], [, other]) => byName([whereWords(one), 0], [whereWords(other), 0]));
  // The slowest first.
  if (by === 'felt') return all.sort(([, one], [, other]) => (other.feltMs ?? -1) - (one.feltMs ?? -1));
  return all;
}

function Column({ name, by }: { readonly name: string; readonly by: Order }) {
  const direction = by === 'felt' ? 'descending' : 'ascending';
  return (
    <th scope="col" aria-sort={order.value === by ? direction : 'none'}>
      <button
        type="button"
        class="sort"
        onClick={() => {
          order.value = by;
        }}
      >
        {name}
      </button>
    </th>
  );
}

export function DeviceTable() {
  const { edge, window } = ask.value;
  const { view } = snapshot.value ?? {};
  const title = edge !== null ? text.devicesOf(edge) : window !== null ? text.devicesHere : text.devices;
  return (
    <section aria-labelledby="devices-title">
      <div class="bar">
        <h2 id="devices-title">{title}</h2>
        {edge === null ? null : (
          <button type="button" onClick={() => chooseEdge(null)}>
            {text.allEdges}
          </button>
        )}
      </div>
      {view !== undefined && view.devices > view.shown ? (
        <p class="note">{text.shownOf(shownNumber(view.shown), shownNumber(view.devices))}</p>
      ) : null}
      <div class="scroll devices">
        <table>
          <thead>
            <tr>
              <Column name={text.columns.device} by="device" />
              <Column name={text.columns.reads} by="reads" />
              <Column name={text.columns.felt} by="felt" />
              <th scope="col">{text.columns.first}</th>
              <th scope="col">{text.columns.acceptance}</th>
              <th scope="col">{text.columns.mode}</th>
            </tr>
          </thead>
          <tbody>
            {sorted(devices.value, order.value).map(([id, row]) => (
              <DeviceLine key={id} id={id} row={row} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function DeviceLine({ id, row }: { readonly id: string; readonly row: DeviceRow }) {
  const isChosen = ask.value.device === id;
  const isBad = row.state === 'unserved';
  return (
    <tr class={isChosen ? 'chosen' : isBad ? 'bad' : ''}>
      <th scope="row">
        <button type="button" class="name" aria-pressed={isChosen} onClick={() => chooseDevice(isChosen ? null : id)}>
          {id}
        </button>
      </th>
      <td>
        {whereWords(row)}
        {row.why === null ? null : <span class="why">{row.why}</span>}
      </td>
      <td class="number">
        <Pace value={row.feltMs} />
        {row.predictedMs === null ? null : <span class="why">{text.predicted(shownNumber(row.predictedMs))}</span>}
      </td>
      <td class="number">{shownNumber(row.firstMs)}</td>
      <td class="number">{shownShare(row.acceptance)}</td>
      <td>{row.mode ?? none}</td>
    </tr>
  );
}

export function EdgeTable() {
  if (edges.value.size === 0) return null;
  const { view } = snapshot.value ?? {};
  const { columns } = text;
  return (
    <section aria-labelledby="edges-title">
      <h2 id="edges-title">{text.edges}</h2>
      {view !== undefined && view.edges > view.edgesShown ? (
        <p class="note">{text.edgesShownOf(shownNumber(view.edgesShown), shownNumber(view.edges))}</p>
      ) : null}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{columns.edge}</th>
              <th scope="col">{columns.state}</th>
              <th scope="col">{columns.readers}</th>
              <th scope="col">{columns.felt}</th>
              <th scope="col">{columns.places}</th>
              <th scope="col">{columns.waiting}</th>
              <th scope="col">{columns.rows}</th>
              <th scope="col">{columns.busy}</th>
            </tr>
          </thead>
          <tbody>
            {[...edges.value].sort(byName).map(([id, row]) => (
              <EdgeLine key={id} id={id} row={row} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function EdgeLine({ id, row }: { readonly id: string; readonly row: EdgeRow }) {
  const isChosen = ask.value.edge === id;
  return (
    <tr class={isChosen ? 'chosen' : row.state === 'away' ? 'bad' : ''}>
      <th scope="row">
        <button type="button" class="name" aria-pressed={isChosen} onClick={() => chooseEdge(isChosen ? null : id)}>
          {id}
        </button>
      </th>
      <td>{text.states[row.state]}</td>
      <td class="number">{shownNumber(row.readers)}</td>
      <td class="number">
        <Pace value={row.feltMs} />
      </td>
      <td class="number">{text.facts.of(shownNumber(row.sessions), shownNumber(row.places))}</td>
      <td class="number">{shownNumber(row.waiting)}</td>
      <td class="number">{shownNumber(row.rows)}</td>
      <td class="number">{shownShare(row.busy)}</td>
    </tr>
  );
}
