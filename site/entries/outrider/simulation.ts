export * from '../../../simulator/api/simulation.ts';
