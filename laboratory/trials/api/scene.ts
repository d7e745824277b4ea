// The servers of the trial: an edge on its own port, and the endpoint of a device that uses this edge, each a process of its own, with
// keys; and a second target in this process, which writes the reference texts.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEdgeProcess } from '../../../src/cli/children/edge-process.ts';
import type { ModelNames } from '../../../src/cli/options/pair-options.ts';
import type { KeyScope } from '../../../src/core/access/key-book.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { addKeyTo } from '../../../src/files/key-files.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { needsFile } from '../../../src/models/port/model-spec.ts';
import { defaultEdgeProfile } from '../../../src/models/port/profiles.ts';
import { askForRoutes } from '../../measuring/probe.ts';
import { startServeProcess } from '../../measuring/serve-process.ts';
import { toySeed } from '../hostile/raw-device.ts';
import type { ApiPlace } from './call.ts';
import { Reference } from './reference.ts';

/** The places of the trial, by the words of its rows. */
export interface ApiPlaces {
  readonly edge: ApiPlace;
  readonly device: ApiPlace;
}

export interface ApiScene extends AsyncDisposable {
  readonly places: ApiPlaces;
}

const contextLength = 2048;
/** Slow enough for drafts of a toy to come in time, and no slower. */
const quickProfile = 'edge-8b-rtx4090';

/** @param onNote receives what the processes print */
export async function openApiScene({ target, draft }: ModelNames, onNote: (line: string) => void): Promise<ApiScene> {
  const profile = needsFile(target) ? defaultEdgeProfile.name : quickProfile;
  await using opened = new CloseStack();
  const folder = await mkdtemp(join(tmpdir(), 'outrider-api-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const keyFile = join(folder, 'keys.json');
  const terms = { expires: null, share: 1, maxSessions: null, maxWaiting: null };
  const make = async (scope: KeyScope): Promise<string> =>
    (await addKeyTo(keyFile, { name: scope, scopes: [scope], ...terms }, Date.now())).key;
  const chatKey = await make('chat');
  const verifyKey = await make('verify');
  const metricsKey = await make('metrics');
  const clientKey = randomBytes(24).toString('hex');
  const edgeFlags = ['--profile', profile, '--keys', keyFile, '--context', `${contextLength}`];
  const environment = { OUTRIDER_KEY: verifyKey, OUTRIDER_CLIENT_KEY: clientKey };
  // Which routes there are does not depend on the models.
  const toys = [`toy:${toySeed}`, '--draft', 'none'];
  const routes = await askForRoutes(['--model', `toy:${toySeed}`, ...edgeFlags], ['--target', ...toys], environment);
  const edge = await startEdgeProcess(['--model', target, ...edgeFlags], onNote);
  opened.defer(async () => void (await edge.close()));
  const device = opened.use(
    await startServeProcess(['--edge', edge.url, '--target', target, '--draft', draft], { environment, onNote }),
  );
  const alone = opened.use(await openModel(target, { role: 'target', sequences: 1, contextLength, exact: true }));
  const { textOf } = new Reference(alone);
  const model = alone.identity.name;
  const edgeUrl = `${edge.url.replace(/^ws/, 'http')}/v1`;
  const places: ApiPlaces = {
    edge: { baseUrl: edgeUrl, key: chatKey, metricsKey, tabKey: verifyKey, model, routes: routes.edge, textOf },
    device: {
      baseUrl: device.baseUrl,
      key: clientKey,
      metricsKey: clientKey,
      tabKey: clientKey,
      model,
      routes: routes.device,
      textOf,
    },
  };
  const kept = opened.move();
  return { places, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}
