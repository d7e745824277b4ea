export * from '../../../src/api/device.ts';
