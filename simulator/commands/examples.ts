// Command lines that the help of the simulator's commands shows; experiments have their own. A test parses each of them.

import type { Examples } from '../../src/cli/program.ts';

export const simulatorExamples: Examples = {
  allocate: ['outrider allocate --state slot.json --policy best'],
  scenario: ['outrider scenario list', 'outrider scenario show coupled > my-world.yaml'],
  'scenario list': ['outrider scenario list'],
  'scenario show': ['outrider scenario show coupled --set slotMs=500 > my-world.yaml'],
  'scenario schema': ['outrider scenario schema > scenario.schema.json'],
  'scenario why': ['outrider scenario why paper'],
  'scenario hardware': ['outrider scenario hardware'],
  'scenario lengths': ['outrider scenario lengths --data ./data'],
  map: ['outrider map show munich --figure munich.png'],
  'map show': ['outrider map show munich --figure munich.png --draw server'],
  env: ['outrider env --agents devices'],
};
