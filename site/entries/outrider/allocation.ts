export * from '../../../src/api/allocation.ts';
