export * from '../../src/api/index.ts';
