// An edge from code: a target model, served on a port, with a key.
// In a clone: npm run --silent example examples/edge-from-code.ts [model] [port] [key]

import { edgeKey, listenEdge, openModel, startEdge } from 'outrider/edge';

const [name = 'smollm2-135m', port = '8642', secret = 'a secret of yours'] = process.argv.slice(2);

// Four answers at a time, of 2,048 tokens each. `exact`: the text does not depend on what else is decoded.
const model = await openModel(name, { role: 'target', sequences: 4, contextLength: 2048, exact: true });
const edge = await startEdge({ model, keyOf: (key) => (key === secret ? edgeKey('phones') : null) });
const listener = await listenEdge(edge, { host: '127.0.0.1', port: Number(port) });
console.log(`ws://127.0.0.1:${listener.port}`);

await new Promise((resolve) => process.stdin.once('close', resolve).resume());
// In this order: answers end, then the port closes, then the model is freed.
await edge.close();
await listener.close();
await model.close();
console.error(`${edge.status.steps} steps of the target`);
