// Gaussian random fields over the plane: every place has a normal value, and the values of two places a distance r apart have
// correlation exp(-r / correlation distance) in every direction (3GPP TR 38.901, 7.4.4 and 7.6.3.1). A device that comes back
// to a place finds the same value.
//
// A field is a look-up, not a computation. exp(-r) = [exp(-r) - exp(-q r) / q] + exp(-q r) / q. The bracket is a covariance
// without a cusp, so a grid with linear interpolation represents it well. The rest is a second field, q times finer and of
// variance 1/q. Both are periodic tiles, made once by Fourier transform. Interpolation lowers the variance between the nodes by
// a known factor, and every value is scaled back by it. This raises the bracket's covariance a little at all distances, so the
// bracket's share of the variance is a little less than 1 - 1/q. The remaining error: the correlation differs from exp(-r) by
// less than 0.005 on average over places and directions (docs/research/channels.md).

import { exp } from '../../src/core/basics/fdlibm.ts';
import { createRandom, type Random } from '../../src/core/basics/philox.ts';
import { transformSquare } from './fourier.ts';

/** Nodes along one side of a tile. */
const tileSize = 512;
const tileMask: number = tileSize - 1;
/** Nodes per correlation distance. A tile repeats after tileSize / nodesPerDistance = 64 correlation distances. */
const nodesPerDistance = 8;
/** q: how much finer the second tile is. It repeats after 8 correlation distances. */
const finerBy = 8;
/** Share of the variance; the value with the least error for this grid (0.6 to 1 was searched). 1 - 1/q would be 0.875. */
const smoothShare = 0.85;
const cellCount: number = tileSize * tileSize;

/**
 * One realisation of the unit field; read it through {@link FieldView}s. `smooth` is the part without a cusp, variance `smoothShare`; `fine` has
 * the rest of the variance; [tileSize * tileSize]. One megabyte each, so most of both stays in a core's cache while devices move over them.
 */
export type FieldTile = Readonly<Record<'smooth' | 'fine', Float32Array>>;

/** How one field reads the tile: at a random rotation and offset. Over all seeds, two views of one tile are uncorrelated. */
export type FieldView = Readonly<Record<'cosine' | 'sine' | 'offsetX' | 'offsetY' | 'fineX' | 'fineY', number>>;

const smoothCovariance = (distance: number): number =>
  (smoothShare * (exp(-distance) - exp(-finerBy * distance) / finerBy)) / (1 - 1 / finerBy);
const fineCovariance = (distance: number): number => (1 - smoothShare) * exp(-distance);
/** 1 - correlation of neighbouring nodes, and of diagonal nodes. */
const smoothSide: number = 1 - smoothCovariance(1 / nodesPerDistance) / smoothCovariance(0);
const smoothAcross: number = 1 - smoothCovariance(Math.SQRT2 / nodesPerDistance) / smoothCovariance(0);
const fineSide: number = 1 - fineCovariance(1 / nodesPerDistance) / fineCovariance(0);
const fineAcross: number = 1 - fineCovariance(Math.SQRT2 / nodesPerDistance) / fineCovariance(0);

/** Takes about 0.1 s. */
export function createFieldTile(seed: number, stream: number): FieldTile {
  const random = createRandom(seed, stream);
  amplitudes ??= computeAmplitudes();
  const { smooth, fine } = amplitudes;
  const real = new Float64Array(cellCount);
  const imaginary = new Float64Array(cellCount);
  for (let row = 0; row < tileSize; row++) {
    for (let column = 0; column < tileSize; column++) {
      const cell = row * tileSize + column;
      const mirror = ((tileSize - row) & tileMask) * tileSize + ((tileSize - column) & tileMask);
      if (mirror < cell) continue;
      // White noise of a real field is conjugate at mirrored frequencies. The sum smooth + i fine needs only one transform for both.
      const spread = mirror === cell ? 1 : Math.SQRT1_2;
      const scaleS = (smooth[cell] as number) * spread;
      const scaleF = (fine[cell] as number) * spread;
      const [a, b] = [random.normal() * scaleS, mirror === cell ? 0 : random.normal() * scaleS];
      const [c, d] = [random.normal() * scaleF, mirror === cell ? 0 : random.normal() * scaleF];
      real[cell] = a - d;
      imaginary[cell] = b + c;
      real[mirror] = a + d;
      imaginary[mirror] = c - b;
    }
  }
  transformSquare(real, imaginary, tileSize);
  return { smooth: Float32Array.from(real), fine: Float32Array.from(imaginary) };
}

let amplitudes: FieldTile | undefined;

/** Square roots of the spectra, scaled so that a plain transform of white noise has the right variance. The same for all seeds. */
function computeAmplitudes(): FieldTile {
  const real = new Float64Array(cellCount);
  const imaginary = new Float64Array(cellCount);
  for (let row = 0; row < tileSize; row++) {
    const across = Math.min(row, tileSize - row) / nodesPerDistance;
    for (let column = 0; column < tileSize; column++) {
      const along = Math.min(column, tileSize - column) / nodesPerDistance;
      const distance = Math.sqrt(across * across + along * along);
      real[row * tileSize + column] = smoothCovariance(distance);
      imaginary[row * tileSize + column] = fineCovariance(distance);
    }
  }
  // Both covariances are even, so their transforms are real and stay separate.
  transformSquare(real, imaginary, tileSize);
  const root = (value: number): number => Math.sqrt(Math.max(0, value) / cellCount);
  return { smooth: Float32Array.from(real, root), fine: Float32Array.from(imaginary, root) };
}

/** @param correlationMetres distance at which the correlation is 1/e */
export function drawFieldView(random: Random, correlationMetres: number): FieldView {
  for (;;) {
    const across = 2 * random.uniform() - 1;
    const up = 2 * random.uniform() - 1;
    const length = Math.sqrt(across * across + up * up);
    if (length > 1 || length < 0.01) continue;
    const scale = nodesPerDistance / correlationMetres / length;
    return {
      cosine: across * scale,
      sine: up * scale,
      offsetX: random.uniform() * tileSize,
      offsetY: random.uniform() * tileSize,
      fineX: random.uniform() * tileSize,
      fineY: random.uniform() * tileSize,
    };
  }
}

/**
 * The values of several fields at a place. All are read in one loop, because a call for each makes objects of its numbers.
 * @param values out: of each view
 */
export function fieldsAt(
  tile: FieldTile,
  views: readonly FieldView[],
  x: number,
  y: number,
  values: Float64Array,
): void {
  for (let index = 0; index < views.length; index++) values[index] = fieldAt(tile, views[index] as FieldView, x, y);
}

/** The field's value at a place (metres): mean 0, variance 1. */
export function fieldAt(tile: FieldTile, view: FieldView, x: number, y: number): number {
  const across = x * view.cosine - y * view.sine;
  const up = x * view.sine + y * view.cosine;
  return (
    interpolate(tile.smooth, across + view.offsetX, up + view.offsetY, smoothSide, smoothAcross) +
    interpolate(tile.fine, across * finerBy + view.fineX, up * finerBy + view.fineY, fineSide, fineAcross)
  );
}

/** Linear interpolation between four nodes, scaled to the variance at a node. */
function interpolate(nodes: Float32Array, x: number, y: number, side: number, diagonal: number): number {
  const floorX = Math.floor(x);
  const floorY = Math.floor(y);
  const right = x - floorX;
  const above = y - floorY;
  const left = 1 - right;
  const below = 1 - above;
  const column = floorX & tileMask;
  const next = (column + 1) & tileMask;
  const row = (floorY & tileMask) * tileSize;
  const nextRow = (row + tileSize) & (cellCount - 1);
  const value =
    below * (left * (nodes[row + column] as number) + right * (nodes[row + next] as number)) +
    above * (left * (nodes[nextRow + column] as number) + right * (nodes[nextRow + next] as number));
  const mixedX = 2 * left * right;
  const mixedY = 2 * below * above;
  const mixedBoth = mixedX * mixedY;
  /** The share of the variance that is lost, at most 0.1. The series equals 1 / sqrt(1 - lost) to 3e-5. */
  const lost = (mixedX + mixedY - 2 * mixedBoth) * side + mixedBoth * diagonal;
  return value * (1 + lost * (0.5 + lost * (0.375 + lost * 0.3125)));
}
