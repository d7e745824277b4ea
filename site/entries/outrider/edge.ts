export * from '../../../src/api/edge.ts';
