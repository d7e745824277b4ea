// Command lines that the help of the product's commands shows, where a command has none in its own notes. A test parses each of them.

import type { Examples } from './program.ts';

export const productExamples: Examples = {
  engine: ['outrider engine install ik'],
  'engine install': ['outrider engine install ik'],
  config: ['outrider config show edge --origin --config edge.yaml'],
  'config schema': ['outrider config schema > outrider.schema.json'],
  keys: ['outrider keys add laptop', 'outrider keys list'],
  'keys list': ['outrider keys list', 'outrider keys list --usage usage-8642.json'],
  'keys add': [
    'outrider keys add laptop                                 for "outrider device" and "outrider serve"',
    'outrider keys add phone --scope verify,chat              also for the page of an edge, and for its /v1',
    'outrider keys add guest --expires 90d --max-sessions 2   for 90 days, and two answers at the same time',
  ],
  'keys revoke': ['outrider keys revoke phone'],
  'keys rotate': ['outrider keys rotate phone --grace 24h'],
  models: ['outrider models list', 'outrider models pull qwen2.5-coder'],
  'models list': ['outrider models list'],
  'models pull': ['outrider models pull qwen2.5-coder'],
  'models verify': ['outrider models verify smollm2-135m'],
  'models prepare': ['outrider models prepare ./model.gguf'],
  'models remove': ['outrider models remove qwen2.5-coder'],
  draft: ['outrider draft check --pair qwen2.5-coder'],
  'draft check': ['outrider draft check --target ./model.gguf --draft ./draft.gguf'],
  doctor: ['outrider doctor', 'outrider doctor --edge wss://box.example:8642 --edge-fingerprint SHA256'],
};
