// The tables: edges, and who reads from where and why. They have all that the map has.

import { signal } from '@preact/signals';
import type { DeviceRow, EdgeRow } from '../../src/allocation/controller/watch/fleet-rows.ts';
import { fleetWords } from '../parts/words.ts';
import { ask, chooseDevice, chooseEdge, devices, edges, isCut } from './model.ts';
import { byName, none, numberIn, paceLevel, shownNumber, shownShare, textIn } from './shown.ts';

const text = fleetWords;

type Order = 'device' | 'reads' | 'felt';
const order = signal<Order>('device');

export function Pace({ value }: { readonly value: unknown }) {
  const level = paceLevel(value);
  return (
    <span class="pace">
      <span class={`dot ${level === null ? 'unknown' : `pace-${level}`}`} />
      {shownNumber(value)}
    </span>
  );
}

export function stateWords(state: unknown): string {
  const name = textIn(state);
  return Object.hasOwn(text.states, name) ? (text.states[name] ?? name) : name;
}

/** Where a device reads, and where it is sent next. */
export function whereWords({ edge, goal, state }: DeviceRow): string {
  const here = textIn(edge);
  const next = textIn(goal);
  const where = here === '' ? stateWords(state) : here;
  if (next === '' || next === here) return where;
  return `${where}; ${here === '' ? text.next(next) : text.movesTo(next)}`;
}

function sorted(rows: ReadonlyMap<string, DeviceRow>, by: Order): [string, DeviceRow][] {
  const all = [...rows].sort(byName);
  if (by === 'reads') return all.sort(([, one], [, other]) => byName([whereWords(one), 0], [whereWords(other), 0]));
  // The slowest first.
  if (by === 'felt')
    return all.sort(([, one], [, other]) => (numberIn(other.feltMs) ?? -1) - (numberIn(one.feltMs) ?? -1));
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
  const cut = isCut();
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
      {cut.devices ? (
        <p class="note">{text.shownOf(shownNumber(cut.view['shown']), shownNumber(cut.view['devices']))}</p>
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
        {numberIn(row.predictedMs) === null ? null : (
          <span class="why">{text.predicted(shownNumber(row.predictedMs))}</span>
        )}
      </td>
      <td class="number">{shownNumber(row.firstMs)}</td>
      <td class="number">{shownShare(row.acceptance)}</td>
      <td>{row.mode ?? none}</td>
    </tr>
  );
}

export function EdgeTable() {
  if (edges.value.size === 0) return null;
  const cut = isCut();
  const { columns } = text;
  return (
    <section aria-labelledby="edges-title">
      <h2 id="edges-title">{text.edges}</h2>
      {cut.edges ? (
        <p class="note">{text.edgesShownOf(shownNumber(cut.view['edgesShown']), shownNumber(cut.view['edges']))}</p>
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
      <td>{stateWords(row.state)}</td>
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
