// `outrider edge` as a member of its controller, and with the places that it lends of those of other cells.

import { defaultCell } from '../../allocation/controller/cell-epoch.ts';
import type { Place } from '../../allocation/controller/messages.ts';
import { badArgument } from '../../core/basics/errors.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import type { ControlClient } from '../../processes/controller/control-client.ts';
import { type EdgeAgentOptions, joinAsEdge } from '../../processes/controller/edge-agent.ts';
import { EdgeLoans, type LoanTerms } from '../../processes/controller/edge-loan.ts';
import { cellForm } from '../../processes/controller/fleet-controller.ts';
import { TicketBook } from '../../processes/controller/ticket-book.ts';
import type { Edge } from '../../processes/edge/edge.ts';
import type { EdgeOptions } from '../../processes/edge/edge-options.ts';
import {
  controlNoteText,
  memberName,
  type memberOptions,
  mostNameLength,
  reachController,
} from '../options/member-options.ts';
import type { OptionsOf } from '../options/options.ts';
import { noteOfEdge as note } from '../terminal/note.ts';
import type { EdgeAccess } from './edge-access.ts';

/** @throws OutriderError `bad-argument` */
function parsePlace(text: string): Place {
  const [xM, yM, ...more] = text.split(',').map(Number);
  if (xM !== undefined && yM !== undefined && more.length === 0 && Number.isFinite(xM) && Number.isFinite(yM))
    return { xM, yM };
  throw badArgument(`"${text}" is no place`, 'Give two numbers, as 120,-35.');
}

/** Flags beside those of every member. */
export const membershipOptions = {
  advertise: {
    flag: '--advertise <address>',
    help: 'where devices reach this edge, for the controller (default: the address that it prints)',
  },
  place: {
    flag: '--place <x,y>',
    help: 'where it stands, metres on the map of the devices, for policies that need it',
    parse: parsePlace as (text: string) => Place,
  },
  linkRate: {
    flag: '--link-rate <bits>',
    help: 'capacity of its link to the network, bit/s, for the controller',
    number: [1000, 1e13],
    default: 1e9,
  },
  lend: {
    flag: '--lend <cell:places...>',
    help: 'at the border of cells: lends so many of its places to a neighbour, for a minute at a time, while its own cell has one left',
    texts: true,
  },
} as const;

type MembershipFlags = OptionsOf<typeof membershipOptions> & OptionsOf<typeof memberOptions>;

/** @param places of the edge @throws OutriderError `bad-argument` */
export function loansOf(
  { lend = [], controller, cell = defaultCell }: MembershipFlags,
  places: number,
  hasKeys: boolean,
): readonly LoanTerms[] {
  const terms = lend.map((text) => {
    const [, neighbour = '', count = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
    if (cellForm.test(neighbour) && neighbour !== cell && Number(count) > 0)
      return { cell: neighbour, places: Number(count) };
    throw badArgument(`--lend is "${text.slice(0, 80)}"`, 'give another cell and places: north:2');
  });
  if (terms.length === 0) return terms;
  const lent = terms.reduce((sum, one) => sum + one.places, 0);
  const isTwice = new Set(terms.map((one) => one.cell)).size < terms.length;
  if (isTwice) throw badArgument('--lend names a cell twice', 'give each neighbour once');
  if (lent >= places)
    throw badArgument(`--lend gives away ${lent} of ${places} places`, 'keep one at least, or raise --sessions');
  if (controller === undefined) throw badArgument('--lend without --controller', 'give the controllers of the fleet');
  if (!hasKeys)
    throw badArgument('--lend at an edge that anyone may use', 'ask for keys: --keys FILE, or --key; tickets are none');
  return terms;
}

interface Served {
  readonly address: string;
  readonly certificate: EdgeAccess['certificate'];
}

export class EdgeMembership {
  readonly #flags: MembershipFlags;
  readonly #target: LanguageModel;
  readonly #loans: EdgeLoans | null;
  readonly #id: string;
  readonly #tickets: TicketBook = new TicketBook(machineClock);

  /** @throws OutriderError `bad-argument` */
  constructor(flags: MembershipFlags, target: LanguageModel, hasKeys: boolean) {
    const places = target.limits.maxSequences;
    this.#flags = flags;
    this.#target = target;
    const terms = loansOf(flags, places, hasKeys);
    this.#id = memberName(flags.name, 'edge');
    if (terms.length > 0 && this.#idThere.length > mostNameLength)
      throw badArgument(
        `its name for neighbours is longer than ${mostNameLength} characters: ${this.#idThere}`,
        'give a shorter --name, or the cell a shorter one',
      );
    const onChange = ({ cell, places: lent }: LoanTerms, isLent: boolean): void =>
      note(isLent ? `lends ${lent} places to the cell ${cell}` : `takes its ${lent} places back from the cell ${cell}`);
    this.#loans = terms.length === 0 ? null : new EdgeLoans({ terms, places, clock: machineClock, onChange });
  }

  /** For `keyOf` of the edge: takes tickets too. */
  beside(keyOf: EdgeOptions['keyOf']): EdgeOptions['keyOf'] {
    if (this.#flags.controller === undefined) return keyOf;
    const own = this.#tickets.beside(keyOf);
    return this.#loans?.beside(own) ?? own;
  }

  /** @returns to be disposed of before the edge */
  join(edge: Edge, served: Served): Disposable {
    const { controller, cell } = this.#flags;
    if (controller === undefined) return { [Symbol.dispose]() {} };
    const id = this.#id;
    const loans = this.#loans;
    loans?.begin(edge);
    const agents = [this.#agent(edge, served, { id, cell, tickets: this.#tickets, portion: loans?.portion })];
    for (const { terms, tickets, portion } of loans?.neighbours ?? []) {
      // Quotas of keys are joined in the own cell.
      const there = { id: this.#idThere, cell: terms.cell, joinsQuotas: false };
      const said: EdgeAgentOptions['note'] = (event) => note(`cell ${terms.cell}: ${controlNoteText(event)}`);
      agents.push(this.#agent(edge, served, { ...there, tickets, portion, note: said }));
    }
    return {
      [Symbol.dispose]() {
        loans?.[Symbol.dispose]();
        for (const agent of agents) agent.close();
      },
    };
  }

  /** In the cells of neighbours. */
  get #idThere(): string {
    return `${this.#flags.cell ?? defaultCell}:${this.#id}`;
  }

  #agent(
    edge: Edge,
    { address, certificate }: Served,
    own: Pick<EdgeAgentOptions, 'id' | 'cell' | 'tickets' | 'portion' | 'joinsQuotas' | 'note'>,
  ): ControlClient {
    const { identity, tokenizer, limits } = this.#target;
    const { advertise, linkRate, place = null, controllerKey } = this.#flags;
    return joinAsEdge({
      reach: reachController(this.#flags),
      credentials: controllerKey?.reveal(),
      facts: {
        address: advertise ?? address,
        certificate,
        model: identity.name,
        fingerprint: identity.fingerprint,
        tokenizerHash: tokenizer.hash,
        places: limits.maxSequences,
        contextLength: limits.contextLength,
        bitsPerSecond: linkRate,
        place,
      },
      edge,
      note: (event) => note(controlNoteText(event)),
      ...own,
    });
  }
}
