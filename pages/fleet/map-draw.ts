// Draws the map. Every state has a shape as well as a colour.

import type { CellRow, DeviceRow, EdgeRow } from '../../src/allocation/controller/watch/fleet-rows.ts';
import { type MapView, type Point, type Size, scaleBarM, toScreen } from './map-view.ts';
import { paceLevel, shownNumber } from './shown.ts';

export interface MapThings {
  /** In metres; null: there is no map. */
  readonly streets: Path2D | null;
  readonly edges: ReadonlyMap<string, EdgeRow>;
  readonly devices: ReadonlyMap<string, DeviceRow>;
  readonly cells: readonly CellRow[];
  readonly chosenDevice: string | null;
  readonly chosenEdge: string | null;
}

/** Colours by name, as the style has them. */
export type Palette = (name: string) => string;

/** In metres; null: not known. */
export interface Placed {
  readonly x: number | null;
  readonly y: number | null;
}

interface Drawing extends MapThings {
  readonly canvas: CanvasRenderingContext2D;
  readonly color: Palette;
  readonly place: (row: Placed | undefined) => Point | null;
  readonly view: MapView;
  readonly size: Size;
}

const edgeSide = 7;
const deviceRadius = 5;
const circle = 2 * Math.PI;

export function drawMap(
  canvas: CanvasRenderingContext2D,
  things: MapThings,
  view: MapView,
  size: Size,
  color: Palette,
): void {
  const place: Drawing['place'] = (row) => {
    const { x = null, y = null } = row ?? {};
    return x === null || y === null ? null : toScreen(view, size, { x, y });
  };
  const drawing: Drawing = { ...things, canvas, color, place, view, size };
  canvas.clearRect(0, 0, size.width, size.height);
  canvas.font = '12px system-ui, sans-serif';
  canvas.lineCap = 'round';
  if (things.streets !== null) drawStreets(drawing, things.streets);
  drawGrid(drawing);
  const most = Math.max(1, ...things.cells.map(({ devices }) => devices));
  for (const cell of things.cells) drawCell(drawing, cell, most);
  for (const [id, device] of things.devices) drawLine(drawing, device, id === things.chosenDevice);
  for (const [id, device] of things.devices) drawDevice(drawing, device, id === things.chosenDevice);
  for (const [id, edge] of things.edges) drawEdge(drawing, id, edge);
  drawScale(drawing);
}

function colorOf(color: Palette, pace: number | null): string {
  const level = paceLevel(pace);
  return color(level === null ? '--unknown' : `--pace-${level}`);
}

function drawGrid({ canvas, color, view, size }: Drawing): void {
  const stepM = scaleBarM(view.scale, 160);
  const step = stepM * view.scale;
  canvas.strokeStyle = color('--grid');
  canvas.lineWidth = 1;
  canvas.beginPath();
  const origin = toScreen(view, size, { x: 0, y: 0 });
  for (let x = origin.x % step; x < size.width; x += step) {
    canvas.moveTo(Math.round(x) + 0.5, 0);
    canvas.lineTo(Math.round(x) + 0.5, size.height);
  }
  for (let y = origin.y % step; y < size.height; y += step) {
    canvas.moveTo(0, Math.round(y) + 0.5);
    canvas.lineTo(size.width, Math.round(y) + 0.5);
  }
  canvas.stroke();
}

function drawStreets({ canvas, color, view, size }: Drawing, streets: Path2D): void {
  const origin = toScreen(view, size, { x: 0, y: 0 });
  canvas.save();
  canvas.translate(origin.x, origin.y);
  canvas.scale(view.scale, -view.scale);
  canvas.fillStyle = color('--street');
  canvas.fill(streets);
  canvas.restore();
}

/** The area is the number of devices. @param most of all cells */
function drawCell(drawing: Drawing, cell: CellRow, most: number): void {
  const { canvas, color, place, view } = drawing;
  const { side, devices, unserved, feltMs } = cell;
  const middle = place({ x: cell.x + side / 2, y: cell.y + side / 2 });
  if (middle === null) return;
  const across = side * view.scale;
  const there = place(drawing.edges.get(cell.edge ?? ''));
  canvas.strokeStyle = colorOf(color, feltMs);
  canvas.fillStyle = colorOf(color, feltMs);
  canvas.globalAlpha = 0.35;
  if (there !== null) line(canvas, middle, there, 1 + Math.min(4, devices / 20));
  canvas.globalAlpha = 0.75;
  const radius = Math.max(3, 0.5 * across * Math.sqrt(devices / most));
  canvas.beginPath();
  canvas.arc(middle.x, middle.y, radius, 0, circle);
  canvas.fill();
  canvas.globalAlpha = 1;
  if (unserved > 0) ring(canvas, middle, radius, color('--warn'));
  if (across < 26) return;
  canvas.fillStyle = color('--text');
  canvas.textAlign = 'center';
  canvas.textBaseline = 'middle';
  halo(canvas, color, shownNumber(devices), middle.x, middle.y);
}

function drawLine({ canvas, color, place, edges }: Drawing, device: DeviceRow, isChosen: boolean): void {
  const from = place(device);
  if (from === null) return;
  const there = place(edges.get(device.edge ?? ''));
  if (there !== null) {
    canvas.strokeStyle = colorOf(color, device.feltMs);
    canvas.globalAlpha = isChosen ? 1 : 0.7;
    line(canvas, from, there, isChosen ? 4 : 2);
  }
  const next = device.goal === device.edge ? null : place(edges.get(device.goal ?? ''));
  if (next !== null) {
    canvas.strokeStyle = color('--faint');
    canvas.globalAlpha = isChosen ? 1 : 0.5;
    canvas.setLineDash([2, 5]);
    line(canvas, from, next, isChosen ? 2 : 1);
    canvas.setLineDash([]);
  }
  canvas.globalAlpha = 1;
}

function drawDevice({ canvas, color, place }: Drawing, device: DeviceRow, isChosen: boolean): void {
  const at = place(device);
  if (at === null) return;
  if (isChosen) ring(canvas, at, deviceRadius + 2, color('--accent'));
  if (device.state === 'unserved') {
    canvas.strokeStyle = color('--warn');
    const arm = deviceRadius;
    line(canvas, { x: at.x - arm, y: at.y - arm }, { x: at.x + arm, y: at.y + arm }, 3);
    line(canvas, { x: at.x - arm, y: at.y + arm }, { x: at.x + arm, y: at.y - arm }, 3);
    return;
  }
  canvas.beginPath();
  canvas.arc(at.x, at.y, deviceRadius, 0, circle);
  const isReading = device.state === 'reading';
  canvas.fillStyle = isReading ? colorOf(color, device.feltMs) : color('--back');
  canvas.fill();
  canvas.lineWidth = isReading ? 1 : 2;
  canvas.strokeStyle = isReading ? color('--back') : color('--faint');
  if (device.state === 'first') canvas.setLineDash([3, 2]);
  canvas.stroke();
  canvas.setLineDash([]);
}

function drawEdge({ canvas, color, place, chosenEdge }: Drawing, id: string, edge: EdgeRow): void {
  const at = place(edge);
  if (at === null) return;
  const isOff = edge.state === 'away' || edge.state === 'draining';
  canvas.fillStyle = isOff ? color('--back') : color('--text');
  canvas.strokeStyle = edge.state === 'away' ? color('--warn') : color('--text');
  canvas.lineWidth = 2;
  canvas.beginPath();
  canvas.rect(at.x - edgeSide, at.y - edgeSide, 2 * edgeSide, 2 * edgeSide);
  canvas.fill();
  canvas.stroke();
  if (id === chosenEdge) ring(canvas, at, edgeSide + 5, color('--accent'));
  canvas.fillStyle = color('--text');
  canvas.textAlign = 'center';
  canvas.textBaseline = 'alphabetic';
  halo(canvas, color, id.slice(0, 24), at.x, at.y - edgeSide - 5);
}

function drawScale({ canvas, color, view, size }: Drawing): void {
  const metres = scaleBarM(view.scale, 120);
  const [left, bottom, long] = [12, size.height - 12, metres * view.scale];
  canvas.strokeStyle = color('--text');
  canvas.lineCap = 'butt';
  line(canvas, { x: left, y: bottom }, { x: left + long, y: bottom }, 3);
  canvas.fillStyle = color('--text');
  canvas.textAlign = 'left';
  canvas.textBaseline = 'alphabetic';
  const words = metres >= 1000 ? `${metres / 1000} km` : `${shownNumber(metres)} m`;
  halo(canvas, color, words, left, bottom - 6);
}

function line(canvas: CanvasRenderingContext2D, from: Point, to: Point, width: number): void {
  canvas.lineWidth = width;
  canvas.beginPath();
  canvas.moveTo(from.x, from.y);
  canvas.lineTo(to.x, to.y);
  canvas.stroke();
}

function ring(canvas: CanvasRenderingContext2D, at: Point, radius: number, color: string): void {
  canvas.strokeStyle = color;
  canvas.lineWidth = 3;
  canvas.beginPath();
  canvas.arc(at.x, at.y, radius, 0, circle);
  canvas.stroke();
}

/** A text that can be read on anything. */
function halo(canvas: CanvasRenderingContext2D, color: Palette, text: string, x: number, y: number): void {
  canvas.strokeStyle = color('--back');
  canvas.lineWidth = 3;
  canvas.lineJoin = 'round';
  canvas.strokeText(text, x, y);
  canvas.fillText(text, x, y);
}
