// `outrider edge` as a member of its controller.

import type { Place } from '../../allocation/controller/messages.ts';
import { badArgument } from '../../core/basics/errors.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { machineClock } from '../../network/transport/machine-clock.ts';
import { joinAsEdge } from '../../processes/controller/edge-agent.ts';
import { TicketBook } from '../../processes/controller/ticket-book.ts';
import type { Edge } from '../../processes/edge/edge.ts';
import type { EdgeOptions } from '../../processes/edge/edge-options.ts';
import { controlNoteText, memberName, type memberOptions, reachController } from '../options/member-options.ts';
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
} as const;

type MembershipFlags = OptionsOf<typeof membershipOptions> & OptionsOf<typeof memberOptions>;

interface Served {
  readonly address: string;
  readonly certificate: EdgeAccess['certificate'];
}

export class EdgeMembership {
  readonly #flags: MembershipFlags;
  readonly #target: LanguageModel;
  readonly #id: string;
  readonly #tickets: TicketBook = new TicketBook(machineClock);

  /** @throws OutriderError `bad-argument` */
  constructor(flags: MembershipFlags, target: LanguageModel) {
    this.#flags = flags;
    this.#target = target;
    this.#id = memberName(flags.name, 'edge');
  }

  /** For `keyOf` of the edge: takes tickets too. */
  beside(keyOf: EdgeOptions['keyOf']): EdgeOptions['keyOf'] {
    return this.#flags.controller === undefined ? keyOf : this.#tickets.beside(keyOf);
  }

  /** @returns to be disposed of before the edge */
  join(edge: Edge, { address, certificate }: Served): Disposable {
    const { controller, cell, advertise, linkRate, place = null, controllerKey } = this.#flags;
    if (controller === undefined) return { [Symbol.dispose]() {} };
    const { identity, tokenizer, limits } = this.#target;
    const agent = joinAsEdge({
      reach: reachController(this.#flags),
      id: this.#id,
      cell,
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
      tickets: this.#tickets,
      note: (event) => note(controlNoteText(event)),
    });
    return { [Symbol.dispose]: () => agent.close() };
  }
}
