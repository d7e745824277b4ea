// Where things of a world in metres stand on a canvas.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The middle of what is shown, in metres, and the pixels of a metre. North is up. */
export interface MapView {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Bounds {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

const marginPart = 0.1;
const leastSpanM = 20;
const leastScale = 1e-5;
const mostScale = 50;

/** Null: there are no points. */
export function boundsOf(points: readonly Point[]): Bounds | null {
  if (points.length === 0) return null;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    west = Math.min(west, x);
    south = Math.min(south, y);
    east = Math.max(east, x);
    north = Math.max(north, y);
  }
  return { west, south, east, north };
}

/** Bounds that change only when they must: while devices walk, the map stands still. */
export function steadyBounds(before: Bounds | null, now: Bounds | null): Bounds | null {
  if (before === null || now === null) return now;
  const isWithin =
    now.west >= before.west && now.east <= before.east && now.south >= before.south && now.north <= before.north;
  const isSmall = spanOf(now) < 0.6 * spanOf(before);
  if (isSmall) return now;
  if (isWithin) return before;
  return {
    west: Math.min(before.west, now.west),
    south: Math.min(before.south, now.south),
    east: Math.max(before.east, now.east),
    north: Math.max(before.north, now.north),
  };
}

function spanOf({ west, south, east, north }: Bounds): number {
  return Math.max(east - west, north - south, leastSpanM);
}

export function fitted({ west, south, east, north }: Bounds, { width, height }: Size): MapView {
  const across = Math.max(east - west, leastSpanM) * (1 + 2 * marginPart);
  const up = Math.max(north - south, leastSpanM) * (1 + 2 * marginPart);
  return { x: (west + east) / 2, y: (south + north) / 2, scale: Math.min(width / across, height / up) };
}

export function toScreen({ x, y, scale }: MapView, { width, height }: Size, point: Point): Point {
  return { x: width / 2 + (point.x - x) * scale, y: height / 2 - (point.y - y) * scale };
}

export function toWorld({ x, y, scale }: MapView, { width, height }: Size, point: Point): Point {
  return { x: x + (point.x - width / 2) / scale, y: y - (point.y - height / 2) / scale };
}

/** @param at stays where it is on the canvas */
export function zoomed(view: MapView, size: Size, factor: number, at: Point): MapView {
  const fixed = toWorld(view, size, at);
  const scale = Math.min(mostScale, Math.max(leastScale, view.scale * factor));
  return {
    x: fixed.x - (at.x - size.width / 2) / scale,
    y: fixed.y + (at.y - size.height / 2) / scale,
    scale,
  };
}

export function moved(view: MapView, right: number, down: number): MapView {
  return { ...view, x: view.x - right / view.scale, y: view.y + down / view.scale };
}

/** What is shown: west, south, east, north; whole metres. */
export function windowOf(view: MapView, size: Size): [number, number, number, number] {
  const low = toWorld(view, size, { x: 0, y: size.height });
  const high = toWorld(view, size, { x: size.width, y: 0 });
  return [Math.floor(low.x), Math.floor(low.y), Math.ceil(high.x), Math.ceil(high.y)];
}

/** A round length of at most so many pixels, metres. */
export function scaleBarM(scale: number, mostPixels: number): number {
  const most = mostPixels / scale;
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ([5, 2, 1].find((one) => one * power <= most) ?? 1);
}
