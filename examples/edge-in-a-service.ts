// An edge inside a service of your own: its HTTP server, its accounts, its shares.
// In a clone: npm run --silent example examples/edge-in-a-service.ts [model] [port]

import { createServer } from 'node:http';
import { edgeKey, listenEdge, openModel, startEdge } from 'outrider/edge';

const [name = 'smollm2-135m', port = '8642'] = process.argv.slice(2);
const accounts = new Map([
  ['key of Ada', edgeKey('Ada', { share: 2 })],
  ['key of Bob', edgeKey('Bob')],
]);

const model = await openModel(name, { role: 'target', sequences: 4, contextLength: 2048, exact: true });
const edge = await startEdge({
  model,
  // While both wait for the engine, Ada's answers together get twice as many rows of its steps as Bob's.
  keyOf: (key) => accounts.get(key) ?? null,
  onFault: (error) => console.error(error),
});

// Devices connect to the port of the service; its other requests stay its own.
const server = createServer((request, response) => {
  if (request.url === '/status') response.end(JSON.stringify(edge.status));
  else response.writeHead(404).end();
});
const listener = await listenEdge(edge, { host: '127.0.0.1', port: Number(port), server });
console.log(`ws://127.0.0.1:${listener.port}`);

await new Promise((resolve) => process.stdin.once('close', resolve).resume());
await edge.close();
await listener.close();
await model.close();
