import { describe, expect, it } from 'vitest';
import { dealHardware, decodingFlopPerSecond, findHardware, hardwareList } from './hardware.ts';

describe('hardware', () => {
  it('has a source for every figure', () => {
    for (const { name, batteryJ, ...one } of hardwareList) {
      const figures = [one.peakFp16FlopPerSecond, one.peakFp32FlopPerSecond, one.memoryBytePerSecond];
      for (const figure of batteryJ === null ? figures : [...figures, batteryJ]) {
        expect(figure.value, name).toBeGreaterThan(0);
        expect(figure.source.length, name).toBeGreaterThan(10);
      }
      expect(batteryJ === null, name).toBe(one.kind === 'server');
      expect(one.peakFp16FlopPerSecond.value, name).toBeGreaterThanOrEqual(one.peakFp32FlopPerSecond.value);
    }
  });

  it('decodes at the speed of memory, or of arithmetic where that is slower', () => {
    const phone = findHardware('galaxy-s23');
    expect(decodingFlopPerSecond(phone, 1, 0.3, 0.4)).toBeCloseTo(0.4 * 67.2e9, 0);
    expect(decodingFlopPerSecond(phone, 1000, 0.3, 0.4)).toBeCloseTo(0.3 * 7.4e12, 0);
  });

  it('is assigned by weight, the same way in a larger world', () => {
    const mix = [
      { name: 'rtx-2080', weight: 1 },
      { name: 'rtx-4090', weight: 3 },
    ];
    const names = dealHardware(mix, 8).map(({ name }) => name);
    expect(names.filter((name) => name === 'rtx-4090')).toHaveLength(6);
    expect(dealHardware(mix, 5).map(({ name }) => name)).toEqual(names.slice(0, 5));
    const even = dealHardware(
      [
        { name: 'l40s', weight: 2 },
        { name: 'h100', weight: 2 },
        { name: 'rtx-3090', weight: 2 },
      ],
      6,
    );
    expect(even.map(({ name }) => name)).toEqual(['l40s', 'h100', 'rtx-3090', 'l40s', 'h100', 'rtx-3090']);
  });

  it('with an unknown name is a bug', () => {
    expect(() => findHardware('abacus')).toThrow(RangeError);
  });
});
