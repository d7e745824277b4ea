// Blocks of weights of the form scale * code + offset: a block is split into groups, each with a scale and an offset, and each
// weight has a code. A layout defines how these are stored; this file chooses them. Plain double arithmetic in a fixed order, so the
// bytes are the same on every machine.

import type { GroupScales, ScaleLayout } from './block-scales.ts';
import { type CodePlane, readPlane, writePlane } from './code-planes.ts';

/** Blocks of one weight format. */
export interface BlockFormat {
  /** Weights of one block. */
  readonly valueCount: number;
  /** Reads the block that begins at byte `start` into `values`, [valueCount]. */
  read(bytes: DataView, start: number, values: Float64Array): void;
  /** Writes `values` as the block that begins at byte `start`; its bytes must be 0 before. */
  write(values: Float64Array, bytes: DataView, start: number): void;
}

export interface ScaledLayout {
  readonly valueCount: number;
  readonly groupCount: number;
  readonly scales: ScaleLayout;
  readonly planes: readonly CodePlane[];
}

export function scaledBlocks({ valueCount, groupCount, scales: layout, planes }: ScaledLayout): BlockFormat {
  const groupLength = valueCount / groupCount;
  const most = planes.reduce((sum, { width, shift }) => sum + (((1 << width) - 1) << shift), 0);
  // Reused for every block: a model has millions.
  const codes = new Uint8Array(valueCount);
  const groups = { scales: new Float64Array(groupCount), offsets: new Float64Array(groupCount) };
  return {
    valueCount,
    read(bytes, start, values) {
      codes.fill(0);
      for (const plane of planes) readPlane(plane, bytes, start, codes);
      layout.read(bytes, start, groups);
      for (let index = 0, group = 0; group < groupCount; group++) {
        const [scale, offset] = [groups.scales[group] ?? 0, groups.offsets[group] ?? 0];
        for (const end = index + groupLength; index < end; index++)
          values[index] = (codes[index] ?? 0) * scale + offset;
      }
    },
    write(values, bytes, start) {
      for (let group = 0; group < groupCount; group++) fitGroup(values, group, groupLength, layout, most, groups);
      layout.write(bytes, start, groups);
      layout.read(bytes, start, groups);
      for (let index = 0, group = 0; group < groupCount; group++) {
        const [scale, offset] = [groups.scales[group] ?? 0, groups.offsets[group] ?? 0];
        const inverse = scale === 0 ? 0 : 1 / scale;
        for (const end = index + groupLength; index < end; index++) {
          codes[index] = Math.min(Math.max(Math.round(((values[index] ?? 0) - offset) * inverse), 0), most);
        }
      }
      for (const plane of planes) writePlane(plane, codes, bytes, start);
    },
  };
}

/**
 * Sets the scale and offset of one group. With a free offset the codes span from the least value to the greatest; without one the
 * value furthest from 0 gets the code 0, the furthest from the centre.
 */
function fitGroup(
  values: Float64Array,
  group: number,
  length: number,
  { offsets }: ScaleLayout,
  most: number,
  into: GroupScales,
): void {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let index = group * length; index < (group + 1) * length; index++) {
    const value = values[index] ?? 0;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  if ('centre' in offsets) {
    const peak = -least > greatest ? least : greatest;
    into.scales[group] = -peak / offsets.centre;
    return;
  }
  const offset = Math.min(least, offsets.most);
  into.offsets[group] = offset;
  into.scales[group] = (Math.max(greatest, offset) - offset) / most;
}
