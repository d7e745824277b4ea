// The main file of the attacker's process: runs the attacks that its parent names, one at a time. A process of its own, with the lowest
// priority, so that the measurement shows the work of the edge and not that of the attacker, which in reality runs on another machine.

import { setPriority } from 'node:os';
import { type Order, ordinaryUse } from './attack.ts';
import { attacks } from './catalogue.ts';
import { createDraftModel, makeTasks, readAsDevice } from './readers.ts';

const ordinaryReaders = 8;

async function useOrdinarily({ target, seconds }: Order): Promise<void> {
  const until = AbortSignal.timeout(seconds * 1000);
  const tasks = await makeTasks();
  await using model = createDraftModel(ordinaryReaders);
  const settings = { url: `ws://127.0.0.1:${target.port}`, key: target.key, tasks, model, onAnswer: () => {} };
  await Promise.all(Array.from({ length: ordinaryReaders }, (_, number) => readAsDevice(settings, number, until)));
}

async function attack(order: Order): Promise<void> {
  const chosen = attacks.find(({ name }) => name === order.attack);
  if (chosen === undefined) throw new Error(`no attack is called ${order.attack}`);
  const endMs = performance.now() + order.seconds * 1000;
  await chosen.run({ ...order.target, isOver: () => performance.now() >= endMs });
}

setPriority(19);
process.on('message', (order: Order) => {
  const work = order.attack === ordinaryUse ? useOrdinarily(order) : attack(order);
  void work.then(() => process.send?.(order.attack));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
