// The map of the fleet: what stands where, and who reads from where. It can be moved and zoomed by pointer, fingers, wheel and keyboard.

import { computed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { streetsOf } from '../../src/allocation/controller/watch/street-map.ts';
import { fleetWords } from '../parts/words.ts';
import { drawMap, type MapThings, type Placed } from './map-draw.ts';
import {
  type Bounds,
  boundsOf,
  fitted,
  type MapView,
  moved,
  type Point,
  type Size,
  steadyBounds,
  toScreen,
  windowOf,
  zoomed,
} from './map-view.ts';
import { ask, chooseDevice, chooseEdge, chooseWindow, devices, edges, snapshot, streets } from './model.ts';
import { colorNamed, onSchemeChange } from './palette.ts';
import { paceSteps } from './shown.ts';

const text = fleetWords;
const reachPixels = 16;
const stepPixels = 60;
const zoomStep = 1.5;

/** What the map shows, apart from what the tables do. */
class MapState {
  canvas: HTMLCanvasElement | null = null;
  /** Null: all that there is. */
  own: MapView | null = null;
  bounds: Bounds | null = null;
  readonly pointers = new Map<number, Point>();
  /** Pixels that the pointers have gone since they came down. */
  travelled = 0;

  get size(): Size {
    return { width: this.canvas?.clientWidth ?? 0, height: this.canvas?.clientHeight ?? 0 };
  }

  get view(): MapView | null {
    if (this.own !== null) return this.own;
    const { bounds, size } = this;
    return bounds === null || size.width === 0 ? null : fitted(bounds, size);
  }

  /** @param change null: everything again */
  show(change: ((view: MapView) => MapView) | null): void {
    const { view } = this;
    this.own = change === null || view === null ? null : change(view);
    chooseWindow(this.own === null ? null : windowOf(this.own, this.size));
    this.draw();
  }

  zoom(factor: number, at: Point = { x: this.size.width / 2, y: this.size.height / 2 }): void {
    this.show((view) => zoomed(view, this.size, factor, at));
  }

  draw(): void {
    const { canvas } = this;
    const context = canvas?.getContext('2d');
    if (!canvas || !context) return;
    if (ask.value.window === null) {
      this.own = null;
      this.bounds = steadyBounds(this.bounds, boundsOf(placesOf()));
    }
    const { size, view } = this;
    const ratio = devicePixelRatio;
    canvas.width = Math.round(size.width * ratio);
    canvas.height = Math.round(size.height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (view !== null) drawMap(context, things(), view, size, colorNamed);
  }

  /** Chooses what is under the pointer; a cell is zoomed into. */
  choose(at: Point): void {
    const { view, size } = this;
    if (view === null) return;
    const near = (rows: ReadonlyMap<string, Placed>): string | null => {
      let best: { readonly id: string; readonly distance: number } | null = null;
      for (const [id, row] of rows) {
        const [place] = pointOf(row);
        if (place === undefined) continue;
        const { x, y } = toScreen(view, size, place);
        const distance = Math.hypot(x - at.x, y - at.y);
        if (distance < Math.min(reachPixels, best?.distance ?? reachPixels)) best = { id, distance };
      }
      return best?.id ?? null;
    };
    const edge = near(edges.value);
    const device = edge === null ? near(devices.value) : null;
    if (edge !== null) chooseEdge(edge);
    else if (device !== null) chooseDevice(device);
    else if (things().cells.length > 0) this.zoom(3, at);
  }
}

/** Rectangles overlap a little: no lines shall be seen between them. */
const overlap = 1.02;
const streetPath = computed(() => {
  const { value } = streets;
  if (value === null) return null;
  const path = new Path2D();
  for (const [west, south, width, height] of streetsOf(value)) path.rect(west, south, width, height * overlap);
  return path;
});

function things(): MapThings {
  const { device, edge } = ask.value;
  return {
    streets: streetPath.value,
    edges: edges.value,
    devices: devices.value,
    cells: snapshot.value?.cells ?? [],
    chosenDevice: device,
    chosenEdge: edge,
  };
}

function pointOf({ x, y }: Placed): Point[] {
  return x === null || y === null ? [] : [{ x, y }];
}

function placesOf(): Point[] {
  const { cells } = things();
  const corners = cells.flatMap(({ x, y, side }) => [0, side].map((more) => ({ x: x + more, y: y + more })));
  return [...edges.value.values(), ...devices.value.values(), ...corners].flatMap(pointOf);
}

function follow(state: MapState, canvas: HTMLCanvasElement): () => void {
  const at = (event: MouseEvent): Point => ({ x: event.offsetX, y: event.offsetY });
  const handlers: { readonly [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void } = {
    pointerdown(event) {
      canvas.setPointerCapture(event.pointerId);
      if (state.pointers.size === 0) state.travelled = 0;
      state.pointers.set(event.pointerId, at(event));
    },
    pointermove(event) {
      const before = state.pointers.get(event.pointerId);
      if (before === undefined) return;
      const now = at(event);
      const others = [...state.pointers].filter(([id]) => id !== event.pointerId);
      state.pointers.set(event.pointerId, now);
      const [right, down] = [now.x - before.x, now.y - before.y];
      state.travelled += Math.hypot(right, down);
      const other = others[0]?.[1];
      if (other !== undefined) {
        const factor =
          Math.hypot(now.x - other.x, now.y - other.y) / Math.hypot(before.x - other.x, before.y - other.y);
        if (Number.isFinite(factor) && factor > 0) state.zoom(factor, other);
      } else if (state.travelled > 4) state.show((view) => moved(view, right, down));
    },
    pointerup(event) {
      const isClick = state.pointers.delete(event.pointerId) && state.pointers.size === 0 && state.travelled <= 4;
      if (isClick) state.choose(at(event));
    },
    pointercancel: (event) => void state.pointers.delete(event.pointerId),
    wheel(event) {
      event.preventDefault();
      state.zoom(event.deltaY < 0 ? zoomStep : 1 / zoomStep, at(event));
    },
    keydown(event) {
      if (press(state, event.key)) event.preventDefault();
    },
  };
  for (const [name, handler] of Object.entries(handlers))
    canvas.addEventListener(name, handler as EventListener, { passive: false });
  const resized = new ResizeObserver(() => state.draw());
  resized.observe(canvas);
  const stop = onSchemeChange(() => state.draw());
  return () => {
    resized.disconnect();
    stop();
  };
}

/** @returns whether the key means something here */
function press(state: MapState, key: string): boolean {
  const by = (right: number, down: number) => () => state.show((view) => moved(view, right, down));
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: by(stepPixels, 0),
    ArrowRight: by(-stepPixels, 0),
    ArrowUp: by(0, stepPixels),
    ArrowDown: by(0, -stepPixels),
    '+': () => state.zoom(zoomStep),
    '=': () => state.zoom(zoomStep),
    '-': () => state.zoom(1 / zoomStep),
    '0': () => state.show(null),
  };
  const action = Object.hasOwn(actions, key) ? actions[key] : undefined;
  action?.();
  return action !== undefined;
}

export function FleetMap() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const held = useRef<MapState | null>(null);
  held.current ??= new MapState();
  const state = held.current;
  useEffect(() => {
    state.canvas = canvas.current;
    return canvas.current === null ? undefined : follow(state, canvas.current);
  }, [state]);
  useEffect(() => state.draw());
  const hasPlaces = placesOf().length > 0;
  return (
    <section aria-labelledby="map-title" class="map">
      <div class="bar">
        <h2 id="map-title">{text.map}</h2>
        <button type="button" aria-label={text.zoomIn} onClick={() => state.zoom(zoomStep)}>
          +
        </button>
        <button type="button" aria-label={text.zoomOut} onClick={() => state.zoom(1 / zoomStep)}>
          −
        </button>
        <button type="button" disabled={ask.value.window === null} onClick={() => state.show(null)}>
          {text.whole}
        </button>
      </div>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={text.mapLabel(edges.value.size, snapshot.value?.view.devices ?? 0)}
      />
      {hasPlaces ? <Legend /> : <p class="note">{text.noPlaces}</p>}
    </section>
  );
}

function Legend() {
  const names = [...paceSteps.map((step) => `< ${step}`), `≥ ${paceSteps.at(-1)}`];
  return (
    <ul class="legend">
      <li>{text.legend}</li>
      {names.map((name, level) => (
        <li key={name}>
          <span class={`dot pace-${level}`} /> {name}
        </li>
      ))}
      <li>
        <span class="dot" /> {text.legendNone}
      </li>
      <li>
        <span class="dot hollow" /> {text.legendIdle}
      </li>
      <li>
        <span class="dot cross">×</span> {text.legendUnserved}
      </li>
      <li>
        <span class="dot square" /> {text.legendEdge}
      </li>
    </ul>
  );
}
