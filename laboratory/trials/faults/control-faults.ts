// The faults of controllers, one function each: orders at any time, and controllers that are late, dead, doubled, or lie.

import { defaultCell } from '../../../src/allocation/controller/cell-epoch.ts';
import { mostFrameBytes } from '../../../src/allocation/controller/message-codec.ts';
import type { ControllerMessage, Origin } from '../../../src/allocation/controller/messages.ts';
import type { ControlLine, Controllers } from './controllers.ts';
import { addressOf, falseEdge } from './lies.ts';
import { between, hexDigits, pick, tokenizerHash } from './scene.ts';

/** How often each kind of fault is drawn. */
const weights = { orders: 4, late: 2, dead: 2, doubled: 1, false: 1, lost: 1, lying: 5 } as const;
export type ControlFaultKind = keyof typeof weights;
const kinds = Object.keys(weights) as ControlFaultKind[];
const weighted = kinds.flatMap((kind) => Array.from({ length: weights[kind] }, () => kind));

/** @returns what was done; null: there was no victim */
type ControlFault = (control: Controllers) => string | null;
type Lie = () => ControllerMessage;

/** Addresses at which no edge is. */
const falseAddresses = ['nowhere', falseEdge].map(addressOf);

/** A fault of an open connection between a member and a controller. */
function onLine(act: (line: ControlLine, control: Controllers) => string, role?: ControlLine['role']): ControlFault {
  return (control) => {
    const { lines, random, running } = control;
    const open = lines.filter(
      (line) => line.link.isOpen && running.includes(line.controller) && (role === undefined || line.role === role),
    );
    return open.length === 0 ? null : act(pick(random, open), control);
  };
}

function originOf({ controller: { epoch } }: ControlLine): Origin {
  return { cell: defaultCell, epoch };
}

function send({ link }: ControlLine, message: ControllerMessage): void {
  link.send('down', new TextEncoder().encode(JSON.stringify(message)));
}

/** Within the limits of the protocol, and wrong: devices and edges must live with it. */
function lieToDevice(line: ControlLine, control: Controllers): ControllerMessage {
  const origin = originOf(line);
  const { random, scene, tickets } = control;
  const ids = [...scene.ids.values()];
  const ticket = pick(random, ['', 'ticket:wrong', ...tickets.slice(-20)]);
  const card = (id: string, address: string) => {
    return { id, address, certificate: null, fingerprint: pick(random, ['alike', 'a']), tokenizerHash };
  };
  const assign = (edge: string): ControllerMessage => {
    return { kind: 'assign', ...origin, slot: 1, edge, ticket, msPerToken: 0, reason: 'a lie' };
  };
  const named = pick(random, [...ids, ...scene.ids.keys(), falseEdge]);
  const address = pick(random, [...falseAddresses, ...[...scene.ids.keys()].map(addressOf)]);
  return pick<Lie>(random, [
    () => assign('nowhere'),
    () => assign(pick(random, ids)),
    () => assign(named),
    () => ({ kind: 'edges', ...origin, edges: [card(named, address)] }),
    () => ({ kind: 'edges', ...origin, edges: [card(named, address), ...ids.map((id) => card(id, address))] }),
    () => ({ kind: 'edges', ...origin, edges: [] }),
    () => ({ kind: 'spares', ...origin, slot: 1, spares: [named, ...ids].map((edge) => ({ edge, ticket })) }),
    () => ({ kind: 'refused', code: 'internal', cause: 'a lie', remedy: 'none' }),
    () => ({ kind: 'alive', ...origin, epoch: control.raisedEpoch() }),
    () => ({ kind: 'alive', ...origin, epoch: Math.max(0, origin.epoch - 1 - random.integer(5)) }),
  ])();
}

function lieToEdge(line: ControlLine, control: Controllers): ControllerMessage {
  const origin = originOf(line);
  const { random, scene, tickets } = control;
  const device = pick(random, [...scene.ownAddresses.keys(), 'nobody']);
  const session = random.uniform() < 0.5 ? control.sessionOf(device) : hexDigits(random, 16);
  const share = (): number => pick(random, [0, 0, 1, 1e-9, random.uniform()]);
  const shares = { session, device, computeShare: share(), bandwidthShare: share() };
  const all = [...scene.ownAddresses.keys()].map((name) => {
    return { session: control.sessionOf(name), device: name, computeShare: share(), bandwidthShare: share() };
  });
  const ticket = pick(random, ['', 'secret 0 of key-0', 'ticket:nobody', ...tickets.slice(-20)]);
  const grant = { ticket, validMs: pick(random, [0, 1, 3_600_000]), device };
  const said = { kind: 'shares', ...origin, slot: 1 } as const;
  return pick<Lie>(random, [
    () => ({ ...said, sessions: [shares, shares], tickets: [] }),
    () => ({ ...said, sessions: all, tickets: [] }),
    () => ({ ...said, sessions: all, tickets: [] }),
    () => ({ ...said, sessions: [], tickets: [grant] }),
    () => ({ ...said, epoch: Math.max(0, origin.epoch - 1), sessions: [shares], tickets: [grant] }),
    () => ({ kind: 'alive', ...origin, epoch: control.raisedEpoch() }),
  ])();
}

/** Out of range, or no message at all. */
function nonsense(line: ControlLine, control: Controllers): Uint8Array {
  const { random, scene } = control;
  const origin = originOf(line);
  const [id = ''] = scene.ids.values();
  const assign = { kind: 'assign', ...origin, slot: 1, edge: id, ticket: 'ticket:x', msPerToken: 1, reason: '' };
  const shares = { session: hexDigits(random, 16), device: 'device-0', computeShare: 0.5, bandwidthShare: 0.5 };
  const grant = { ticket: 'ticket:x', validMs: 1000, device: 'device-0' };
  const said = (sessions: object[], tickets: object[] = []) => {
    return { kind: 'shares', ...origin, slot: 1, sessions, tickets };
  };
  const card = { id, address: 'http://thief', certificate: null, fingerprint: '', tokenizerHash };
  const bad = pick(random, [Number.NaN, -1, 1e9, Number.POSITIVE_INFINITY, '0.5']);
  const text = JSON.stringify(
    pick(random, [
      said([{ ...shares, computeShare: bad }]),
      said([{ ...shares, bandwidthShare: bad }]),
      said([{ ...shares, session: 'all' }]),
      said([], [{ ...grant, validMs: pick(random, [-1, 1e12, Number.NaN]) }]),
      said([], [{ ...grant, ticket: 'x'.repeat(129) }]),
      { ...assign, msPerToken: bad },
      { ...assign, edge: 'no such id!' },
      { ...assign, epoch: pick(random, [-1, 0.5, 1e300, Number.NaN]) },
      { ...assign, cell: pick(random, ['another', 'no such cell!', 1]) },
      { kind: 'edges', ...origin, edges: [card] },
      { ...assign, kind: pick(random, [1, null]) },
      [],
    ]),
  );
  const bytes = new TextEncoder().encode(text);
  const made =
    random.uniform() < 0.7
      ? bytes
      : pick(random, [
          () => bytes.slice(0, random.integer(bytes.length)),
          () => Uint8Array.from({ length: 1 + random.integer(40) }, () => random.integer(256)),
          () => new Uint8Array(mostFrameBytes + 1).fill(0x20),
        ])();
  control.refusable.add(made);
  return made;
}

const faults: Readonly<Record<ControlFaultKind, ControlFault>> = {
  /** An order that no policy has given: to any edge, the present one too, whether or not it drains or can be reached. */
  orders: onLine((line, control) => {
    const { random, scene } = control;
    const [name, id] = pick(random, [...scene.ids]);
    const origin = originOf(line);
    const ticket = control.drawTicket();
    const edge = control.lines.find(({ link, role, member }) => role === 'edge' && member === name && link.isOpen);
    // Sometimes the ticket expires before the device can show it.
    const validMs = random.uniform() < 0.2 ? between(random, 0, 50) : 60_000;
    const grant = { ticket, validMs, device: line.member };
    // Sometimes the edge does not learn of it.
    const isGranted = edge !== undefined && random.uniform() < 0.9;
    if (isGranted) send(edge, { kind: 'shares', ...origin, slot: 1, sessions: [], tickets: [grant] });
    send(line, { kind: 'assign', ...origin, slot: 1, edge: id, ticket, msPerToken: 1, reason: 'an order' });
    return `${line.member} is sent to ${name}${isGranted ? '' : ', which gets no ticket'}`;
  }, 'device'),
  late: (control) => {
    const { random, queue } = control;
    const lastingMs = between(random, 300, 7000);
    const late = onLine(({ controller }) => {
      if (random.uniform() < 0.4) {
        controller.process.pause(lastingMs);
        return `the controller pauses for ${Math.round(lastingMs)} ms`;
      }
      for (const line of control.lines) {
        if (line.controller !== controller) continue;
        line.link.stall(pick(random, ['up', 'down']), queue.nowMs() + lastingMs);
      }
      return `words from and to the controller are ${Math.round(lastingMs)} ms late`;
    });
    return late(control);
  },
  /** It comes back as the same, or as another that is newer or older, and remembers nothing. */
  dead: (control) => {
    const { random, queue } = control;
    if (control.running.length === 0) return null;
    const controller = pick(random, control.running);
    control.crashController(controller);
    const epoch = controller.epoch + pick(random, [0, 1, 1, 1, -1]);
    const afterMs = pick(random, [between(random, 50, 2000), between(random, 2000, 20_000)]);
    queue.after(afterMs, () => control.comeBack(epoch));
    return `the controller of epoch ${controller.epoch} dies, and is back in ${Math.round(afterMs)} ms with ${epoch}`;
  },
  /** A second one decides too; members come to it as their connections are lost. */
  doubled: (control) => {
    const { random } = control;
    const [only, ...others] = control.running;
    if (only === undefined || others.length > 0) return null;
    const second = control.startController(Math.max(1, only.epoch + pick(random, [1, 1, -1, 0])));
    for (const { link } of control.lines) {
      if (link.isOpen && random.uniform() < 0.5)
        link.lose({ device: between(random, 0, 200), edge: between(random, 0, 200) });
    }
    return `a second controller, of epoch ${second.epoch} beside ${only.epoch}`;
  },
  lying: onLine((line, control) => {
    const { random } = control;
    control.liars.add(line.controller);
    if (random.uniform() < 0.45) {
      line.link.send('down', nonsense(line, control));
      return `${line.member} gets nonsense from its controller`;
    }
    const lie = line.role === 'device' ? lieToDevice(line, control) : lieToEdge(line, control);
    send(line, lie);
    return `${line.member} gets a lie from its controller: ${JSON.stringify(lie)}`;
  }),
  lost: onLine(({ link, member }, { random }) => {
    const never = Number.POSITIVE_INFINITY;
    const [device, edge] = pick(random, [
      [between(random, 0, 300), between(random, 0, 300)],
      [between(random, 0, 300), never],
      [never, between(random, 0, 300)],
    ] as const);
    link.lose({ device, edge });
    return `${member} and its controller lose each other`;
  }),
  /** A false controller answers at the address of the controller, with the largest epoch, and leaves. */
  false: onLine(({ link, member }, control) => {
    const { random } = control;
    const lastingMs = between(random, 300, 2000);
    control.answerFalsely(lastingMs);
    link.lose({ device: between(random, 0, 200), edge: between(random, 0, 200) });
    return `somebody else answers for ${Math.round(lastingMs)} ms, and ${member} loses its controller`;
  }),
};
export function noControlFaults(): Record<ControlFaultKind, number> {
  return Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<ControlFaultKind, number>;
}

/** Null: there was no victim. */
export function injectControlFault(
  control: Controllers,
): { readonly kind: ControlFaultKind; readonly description: string } | null {
  for (let tries = 0; tries < 10; tries += 1) {
    const kind = pick(control.random, weighted);
    const description = faults[kind](control);
    if (description !== null) return { kind, description };
  }
  return null;
}
