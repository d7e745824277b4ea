import { describe, expect, it } from 'vitest';
import { calibrate, noteDraft, uncalibrated } from './calibrate-confidence.ts';

describe('a calibrated confidence', () => {
  it('is the confidence itself before anything was compared', () => {
    for (const confidence of [0.05, 0.5, 0.97, 1]) expect(calibrate(uncalibrated, confidence)).toBeCloseTo(confidence);
  });

  it('learns from drafts of similar confidence, and from no others', () => {
    let calibration = uncalibrated;
    for (let draft = 0; draft < 200; draft++) calibration = noteDraft(calibration, 0.5, false);
    expect(calibrate(calibration, 0.5)).toBeLessThan(0.1);
    expect(calibrate(calibration, 0.02)).toBeCloseTo(0.02);
    expect(calibrate(calibration, 1)).toBe(1);
  });

  it('has a band for the highest confidence', () => {
    let calibration = uncalibrated;
    for (let draft = 0; draft < 200; draft++) calibration = noteDraft(calibration, 1, false);
    expect(calibrate(calibration, 1)).toBeLessThan(0.2);
    expect(calibrate(calibration, 0.5)).toBeCloseTo(0.5);
  });
});
