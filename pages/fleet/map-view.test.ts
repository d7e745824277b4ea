import { describe, expect, it } from 'vitest';
import { boundsOf, fitted, moved, scaleBarM, steadyBounds, toScreen, toWorld, windowOf, zoomed } from './map-view.ts';

const size = { width: 800, height: 400 };
const bounds = { west: 0, south: 0, east: 1000, north: 200 };

describe('a map', () => {
  it('shows all points, with north above', () => {
    const view = fitted(bounds, size);
    for (const [x, y] of [
      [0, 0],
      [1000, 200],
    ] as const) {
      const at = toScreen(view, size, { x, y });
      expect(at.x).toBeGreaterThan(0);
      expect(at.x).toBeLessThan(size.width);
      expect(toWorld(view, size, at)).toEqual({ x: expect.closeTo(x), y: expect.closeTo(y) });
    }
    expect(toScreen(view, size, { x: 0, y: 200 }).y).toBeLessThan(toScreen(view, size, { x: 0, y: 0 }).y);
  });

  it('keeps the point under the pointer while it zooms, and moves with it', () => {
    const view = fitted(bounds, size);
    const at = { x: 123, y: 77 };
    const before = toWorld(view, size, at);
    expect(toWorld(zoomed(view, size, 3, at), size, at)).toEqual({
      x: expect.closeTo(before.x),
      y: expect.closeTo(before.y),
    });
    const after = toWorld(moved(view, 30, -10), size, { x: 153, y: 67 });
    expect(after).toEqual({ x: expect.closeTo(before.x), y: expect.closeTo(before.y) });
  });

  it('asks for what is shown', () => {
    const [west, south, east, north] = windowOf({ x: 100, y: 50, scale: 2 }, size);
    expect([west, south, east, north]).toEqual([-100, -50, 300, 150]);
  });

  it('stands still while devices walk within it', () => {
    const now = { west: 50, south: 20, east: 950, north: 180 };
    expect(steadyBounds(bounds, now)).toBe(bounds);
    expect(steadyBounds(bounds, { ...now, east: 1200 })).toEqual({ ...bounds, east: 1200 });
    const few = { west: 50, south: 20, east: 150, north: 80 };
    expect(steadyBounds(bounds, few)).toBe(few);
    expect([boundsOf([]), steadyBounds(bounds, null)]).toEqual([null, null]);
  });

  it.each([
    [1, 120, 100],
    [0.1, 120, 1000],
    [3, 120, 20],
    [0.02, 120, 5000],
  ])('has a round scale: %f pixels a metre', (scale, most, metres) => expect(scaleBarM(scale, most)).toBe(metres));
});
