// Why an edge opens no session at present.

import { OutriderError } from '../../core/basics/errors.ts';

export const stalledEngine: OutriderError = new OutriderError(
  'internal',
  'the engine of this edge does not return from a step',
  'try again later, or use another edge; the operator finds the cause in the log',
);

export const drainingEdge: OutriderError = new OutriderError(
  'edge-draining',
  'this edge is going down',
  'use another edge, or try again when it is back',
);
