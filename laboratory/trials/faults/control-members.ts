// The edges and devices of a run as members of its controllers: the code of src/processes/controller/ on the clocks of their processes.

import type { KnownEdge, VirtualDevice, VirtualDeviceSettings } from '../../../simulator/virtual-time/device.ts';
import type { VirtualEdge, VirtualEdgeSettings } from '../../../simulator/virtual-time/edge.ts';
import type { VirtualLink } from '../../../simulator/virtual-time/link.ts';
import { VirtualProcess } from '../../../simulator/virtual-time/process.ts';
import { defaultCell, type stepEpoch } from '../../../src/allocation/controller/cell-epoch.ts';
import type { EdgeCard } from '../../../src/allocation/controller/messages.ts';
import { anyone } from '../../../src/core/protocol/edge/edge-key.ts';
import type { Connect, ConnectionHandler } from '../../../src/network/transport/transport.ts';
import type { ControlClient, Reach } from '../../../src/processes/controller/control-client.ts';
import { type DeviceAgent, type FollowedTurn, joinAsDevice } from '../../../src/processes/controller/device-agent.ts';
import { joinAsEdge } from '../../../src/processes/controller/edge-agent.ts';
import { TicketBook, ticketPrefix } from '../../../src/processes/controller/ticket-book.ts';
import { createEdgeList } from '../../../src/processes/device/edge-list.ts';
import { statusOf } from '../../../src/processes/device/turn-status.ts';
import { setSessionShares } from '../../../src/processes/edge/edge-shares.ts';
import { ControlWatch } from './control-watch.ts';
import { Controllers, type ControlScene, type ControlWorld } from './controllers.ts';
import { FleetControllers, type FleetHooks } from './fleet-controllers.ts';
import type { ControlledDevices } from './invariants.ts';
import { isTicket, type KeyRing } from './keys.ts';
import { acceptFalsely, addressOf, nameAt } from './lies.ts';
import { tokenizerHash } from './scene.ts';
import { demand } from './violation.ts';

/** A member of a controller, as a planted bug sees it. */
export type HookedMember =
  | { readonly role: 'edge' }
  | { readonly role: 'device'; readonly device: VirtualDevice; readonly agent: DeviceAgent };

/** Where tests of the trial plant bugs into members of controllers. Each part is left out, or replaces the part of all members. */
export interface BugHooks {
  /** A member's end of a connection to its controller. @param member to be called when something is received, not before */
  readonly handler?: (handler: ConnectionHandler, member: () => HookedMember) => ConnectionHandler;
  /** Which epochs members follow. */
  readonly stepEpoch?: typeof stepEpoch;
  readonly fleet?: FleetHooks;
  /** The tickets of an edge. */
  readonly TicketBook?: typeof TicketBook;
  /** A device is ordered to another edge. @param move passes the order on */
  readonly moved?: (move: () => void, device: VirtualDevice, edge: string) => void;
  /** What a device stores about an edge. @param known undefined: nothing */
  readonly known?: (edge: string, known: KnownEdge | undefined) => KnownEdge | undefined;
}

interface EdgeMember {
  readonly edge: VirtualEdge;
  readonly book: TicketBook;
  readonly client: ControlClient;
}

interface DeviceMember {
  readonly agent: DeviceAgent;
  readonly watch: ControlWatch;
  turn: FollowedTurn | null;
}

/** An epoch counts for a minute; before that, messages may be late and processes pause. */
const backWithinMs = 100_000;
const latestResumeMs = 25_000;
/** Less than an epoch counts. */
const ledWithinMs = 55_000;
const probeTimeoutMs = 3000;
const silence: ConnectionHandler = { frame: () => {}, writable: () => {}, closed: () => {} };

export class ControlMembers implements ControlledDevices {
  readonly controllers: Controllers;
  readonly ticketOwners: readonly string[];
  /** Orders that made a device move. */
  ordersFollowed = 0;
  readonly #scene: ControlScene;
  readonly #world: ControlWorld;
  readonly #edges = new Map<string, EdgeMember>();
  readonly #devices = new Map<string, DeviceMember>();
  readonly #processes = new Map<string, VirtualProcess>();
  readonly #hooks: BugHooks;
  /** Where the last attempt to connect went. */
  #reached = '';

  constructor(scene: ControlScene, world: ControlWorld, hooks: BugHooks = {}) {
    this.#hooks = hooks;
    this.#scene = scene;
    this.#world = world;
    const { fleet } = scene;
    this.controllers =
      fleet === null ? new Controllers(scene, world) : new FleetControllers(scene, world, fleet, hooks.fleet);
    this.ticketOwners = [...scene.ownAddresses.keys()].map((name) => `${ticketPrefix}${name}`);
  }

  start(): void {
    this.controllers.start();
    for (const edge of this.#world.run.edges.values()) this.edgeStarted(edge);
  }

  /** After an impostor has answered as the controller and faults have ended, members must reconnect. */
  demandBack(): void {
    const { queue } = this.#world;
    const startMs = queue.nowMs();
    const untilMs = startMs + backWithinMs;
    while (queue.nowMs() < untilMs && queue.runNext());
    const away = this.#away(startMs);
    demand(away.length === 0, 'back', () => `${away.join()} are not back at a controller`);
  }

  /** After the faults of a fleet have ended, each cell has a leader, and its members are there. */
  demandLed(): void {
    const { queue } = this.#world;
    const startMs = queue.nowMs();
    const untilMs = startMs + ledWithinMs;
    const isSoon = (): boolean => queue.nowMs() < untilMs && this.#away(startMs).length > 0;
    for (let ran = true; ran && isSoon(); ) for (let count = 0; ran && count < 50; count += 1) ran = queue.runNext();
    const away = this.#away(startMs);
    demand(away.length === 0, 'led', () => `${away.join()} are not at the leader of their cell`);
  }

  /** Names of members that run since soon after a time, and have no controller. */
  #away(startMs: number): string[] {
    const members = [
      ...[...this.#edges].map(([name, { edge, client }]) => ({ name, process: edge.process, member: client })),
      ...[...this.#devices].map(([name, { agent }]) => ({ name, process: this.#processOf(name), member: agent })),
    ];
    // A pause that was there before may last for long.
    const running = members.filter(({ process }) => process.isUp && process.resumedAtMs < startMs + latestResumeMs);
    return running.flatMap(({ name, member }) => (member.isConnected ? [] : [name]));
  }

  /** The run is over: members and controllers leave. */
  stop(): void {
    for (const { client } of this.#edges.values()) client.close();
    for (const { agent } of this.#devices.values()) agent.close();
    this.controllers.stop();
  }

  edgeCrashed(edge: VirtualEdge): void {
    this.#edges.delete(edge.settings.name);
    this.controllers.abandon('edge', edge.settings.name);
  }

  edgeStarted(edge: VirtualEdge): void {
    if (this.controllers.isOver) return;
    const { name, engine, target, capacity, fingerprint = name } = edge.settings;
    const { keys } = this.#world;
    keys.restarted(edge);
    const watch = this.#watchOf(`edge ${name}`, this.#cellOf(name), () => '');
    const book = new (class extends (this.#hooks.TicketBook ?? TicketBook) {
      override grant(...[grant]: Parameters<TicketBook['grant']>): void {
        watch.acts('shares');
        keys.granted(edge, grant);
        super.grant(grant);
      }
      override setShare(device: string, share: number): void {
        watch.acts('shares');
        super.setShare(device, share);
        const id = this.keyIdOf(device);
        if (id !== undefined) keys.shared(edge, id, Math.min(1000, Math.max(0.001, share)));
      }
    })(edge.process);
    const client = joinAsEdge({
      reach: this.#hooked(this.controllers.reach(edge.process, 'edge', name, watch), () => ({ role: 'edge' })),
      id: this.#scene.ids.get(name) as string,
      facts: {
        address: addressOf(name),
        certificate: null,
        model: 'toy',
        fingerprint,
        tokenizerHash,
        place: null,
        places: capacity,
        contextLength: target.contextLength,
        bitsPerSecond: 1e9,
      },
      edge: {
        get status() {
          const state = edge.isServing ? ('serving' as const) : ('draining' as const);
          const [waiting = 0] = edge.pending;
          return { busyMs: edge.account.busyMs, sessions: edge.sessions.count, waiting, state };
        },
        stepTime: engine.stepTime,
        renewKeys: (find) => edge.renewKeys((id, shown) => find(id, shown)),
        setShares: (shares) => {
          const core = { sessions: edge.sessions, connections: { carrier: (id: number) => edge.link(id) } };
          const set = setSessionShares(core, shares);
          watch.hasShares(edge);
          return set;
        },
      },
      tickets: book,
      stepEpoch: this.#hooks.stepEpoch,
      cell: this.#cellOf(name),
      clock: edge.process,
      reportEveryMs: this.#scene.reportEveryMs,
      uniform: () => this.#scene.random.uniform(),
    });
    this.#edges.set(name, { edge, book, client });
  }

  /** An edge that takes tickets beside the operator's keys, as `outrider edge --controller` does. */
  edgeSettings(settings: VirtualEdgeSettings): VirtualEdgeSettings {
    const { name, keyOf = () => anyone, renewed } = settings;
    const ownKey = this.#world.keys.isOpen ? undefined : keyOf;
    return {
      ...settings,
      keyOf: (credentials) => (this.#edges.get(name)?.book.beside(ownKey) ?? keyOf)(credentials),
      renewed: (id, shown) => (isTicket(id) ? shown : (renewed?.(id, shown) ?? null)),
    };
  }

  /** Settings of a device that follows the orders of its controller. */
  deviceSettings(settings: VirtualDeviceSettings): VirtualDeviceSettings {
    const { name, turn } = settings;
    const hasOwn = (this.#scene.ownAddresses.get(name)?.size ?? 0) > 0;
    // An edge that asks for no key takes any.
    const credentials = this.#world.keys.isOpen && hasOwn ? `own key of ${name}` : turn.credentials;
    return {
      ...settings,
      turn: { ...turn, credentials },
      process: this.#processOf(name),
      routes: () => this.agentOf(name).edges.routes,
      renewsCredentials: true,
    };
  }

  /** A device connects to an address that is not an edge's. */
  acceptFalsely(link: VirtualLink): void {
    acceptFalsely(link, this.#scene.falseEdge, 'alike');
  }

  deviceCrashed(device: VirtualDevice): void {
    this.#devices.delete(device.settings.name);
    this.controllers.abandon('device', device.settings.name);
  }

  /** The process of a device, which is there before it. */
  #processOf(name: string): VirtualProcess {
    const process = this.#processes.get(name) ?? new VirtualProcess(this.#world.queue);
    this.#processes.set(name, process);
    return process;
  }

  /** Joins the controller, once in each life of a device. */
  agentOf(name: string): DeviceAgent {
    const known = this.#devices.get(name);
    if (known !== undefined) return known.agent;
    const process = this.#processOf(name);
    const watch = this.#watchOf(name, this.#cellOf(name), () => {
      const { edges, assigned } = agent;
      return `${[...edges.edges.keys()]}, of those ${assigned}`;
    });
    const own = [...(this.#scene.ownAddresses.get(name) ?? [])];
    const agent = joinAsDevice({
      reach: this.#hooked(this.controllers.reach(process, 'device', name, watch), () => {
        return { role: 'device', agent, device: this.#deviceOf(name) };
      }),
      stepEpoch: this.#hooks.stepEpoch,
      cell: this.#cellOf(name),
      id: name,
      tokenizerHash,
      clock: process,
      reportEveryMs: this.#scene.reportEveryMs,
      probeEveryMs: 1500,
      allowsOtherTarget: this.#scene.allowsOtherTarget.has(name),
      connectEdge: ({ address }: EdgeCard) => {
        watch.acts('edges');
        return this.#connector(address);
      },
      ...(own.length === 0
        ? {}
        : {
            own: createEdgeList(own.map((address) => ({ name: nameAt(address), connect: this.#connector(address) }))),
          }),
      uniform: () => this.#scene.random.uniform(),
      probe: (connect, found) => this.#probe(process, this.#addressOf(connect), found),
      onAssigned: () => watch.acts('assign'),
    });
    this.#devices.set(name, { agent, watch, turn: null });
    return agent;
  }

  /** For {@link VirtualDevice}. */
  edgeOf(device: VirtualDevice, name: string): KnownEdge | undefined {
    const listed = this.agentOf(device.settings.name).edges.edges.get(name);
    const known = listed && {
      address: this.#addressOf(listed.connect),
      get credentials() {
        return listed.credentials;
      },
    };
    return this.#hooks.known === undefined ? known : this.#hooks.known(name, known);
  }

  /** A device has begun an answer, or continues one. */
  began(device: VirtualDevice): void {
    const { name } = device.settings;
    const agent = this.agentOf(name);
    const member = this.#devices.get(name) as DeviceMember;
    member.turn = {
      get status() {
        const status = statusOf(device);
        // Tables of predictions are made once for each rate.
        return { ...status, acceptance: status.acceptance === null ? null : Math.round(4 * status.acceptance) / 4 };
      },
      moveTo: (edge) => {
        member.watch.acts('assign');
        this.ordersFollowed += 1;
        const { moved = (move) => move() } = this.#hooks;
        const move = (): void => moved(() => device.moveTo(edge), device, edge);
        member.watch.check(() => this.#world.economy.ordered(device, edge, move));
      },
    };
    agent.begin(member.turn);
  }

  ended(device: VirtualDevice): void {
    const member = this.#devices.get(device.settings.name);
    if (member?.turn) member.agent.end(member.turn);
    if (member) member.turn = null;
  }

  isOwnAddress(device: VirtualDevice, address: string): boolean {
    return this.#scene.ownAddresses.get(device.settings.name)?.has(address) ?? true;
  }

  mayReach(device: VirtualDevice, address: string): boolean {
    const isNamed = this.#devices.get(device.settings.name)?.watch.named.has(address) === true;
    return isNamed || this.isOwnAddress(device, address);
  }

  mayBeStranger(device: VirtualDevice, isPatient: boolean): boolean {
    const { keys, run } = this.#world;
    // Without text, who asks can do better than to wait.
    if (isPatient || device.state.text.length === device.state.turn.prompt.length) return true;
    const isLetIn = [...this.agentOf(device.settings.name).edges.edges.keys()].some((name) => {
      const { address = '', credentials = device.settings.turn.credentials } = this.edgeOf(device, name) ?? {};
      const edge = run.edges.get(nameAt(address));
      return edge?.process.isUp === true && keys.isValid(credentials, edge);
    });
    return !isLetIn;
  }

  #hooked(reach: Reach, member: () => HookedMember): Reach {
    const { handler } = this.#hooks;
    if (handler === undefined) return reach;
    return (accept, failed) => reach((connection) => handler(accept(connection), member), failed);
  }

  #deviceOf(name: string): VirtualDevice {
    return this.#world.run.devices.find(({ settings }) => settings.name === name) as VirtualDevice;
  }

  #cellOf(name: string): string | undefined {
    return this.#scene.fleet?.cellOf.get(name);
  }

  #watchOf(name: string, cell: string | undefined, knows: () => string): ControlWatch {
    return new ControlWatch(name, {
      isLie: (bytes) => this.controllers.refusable.has(bytes),
      cell: cell ?? defaultCell,
      knows,
      nowMs: () => this.#world.queue.nowMs(),
    });
  }

  #connector(address: string): Connect {
    return () => {
      this.#reached = address;
      return new Promise(() => {});
    };
  }

  /** The address of a connector, which stands for it: a device of the simulation connects by itself. */
  #addressOf(connect: Connect): string {
    this.#reached = '';
    void connect(() => silence);
    return this.#reached;
  }

  #probe(process: VirtualProcess, address: string, found: (roundTripMs: number | null) => void): void {
    const edge = this.#world.run.edges.get(nameAt(address));
    const { roundTripMs } = this.#scene.link;
    const isThere = edge?.process.isUp === true && this.#world.queue.nowMs() >= edge.process.resumedAtMs;
    process.after(isThere ? 3 * roundTripMs : probeTimeoutMs, () => found(isThere ? roundTripMs : null));
  }
}

/** For runs without a controller. */
export function uncontrolled(keys: KeyRing): ControlledDevices {
  return {
    ticketOwners: [],
    isOwnAddress: () => true,
    mayReach: () => true,
    mayBeStranger: ({ state }) => !keys.isValid(state.turn.credentials),
  };
}
