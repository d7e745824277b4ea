// For tests: shape laws of all kinds.

import { freeLaw, type ShapeLaw } from './shape-law.ts';

export const fours: ShapeLaw = { multiple: 4, least: 4, most: 60, merges: true };
export const foursApart: ShapeLaw = { ...fours, merges: false };
export const notAlone: ShapeLaw = { ...freeLaw, least: 2 };
export const threes: ShapeLaw = { ...freeLaw, most: 3 };
export const eights: ShapeLaw = { multiple: 8, least: 8, most: 8, merges: false };
