// For tests: the request of a turn, and a device's machine.

import { testOpening } from '../edge/edge-session.fixture.ts';
import type { DeviceMessage, EdgeMessage } from '../wire/messages.ts';
import { stepDevice } from './device-session.ts';
import {
  createDeviceState,
  type DeviceEffect,
  type DeviceEvent,
  type DeviceState,
  type TurnRequest,
} from './device-state.ts';

export function testTurn(changes: Partial<TurnRequest> = {}): TurnRequest {
  const { kind: _kind, version: _version, attempt: _attempt, answer: _answer, ...asked } = testOpening();
  return { ...asked, endIds: new Set<number>(), minChainConfidence: 0, draftLength: 4, ...changes };
}

/** It keeps the effects of the last event. */
export class DeviceBed {
  state: DeviceState;
  effects: readonly DeviceEffect[] = [];

  constructor(changes: Partial<TurnRequest> = {}) {
    this.state = createDeviceState(testTurn(changes));
  }

  step(event: DeviceEvent): this {
    ({ state: this.state, effects: this.effects } = stepDevice(this.state, event));
    return this;
  }

  connect(link: number, edge = 'a'): this {
    return this.step({ kind: 'link-opened', link, edge });
  }

  lose(link: number): this {
    return this.step({ kind: 'link-closed', link });
  }

  setWritable(writable: boolean): this {
    return this.step({ kind: 'link-writable', link: 1, writable });
  }

  receive(link: number, message: EdgeMessage): this {
    return this.step({ kind: 'message-received', link, message });
  }

  /** Tokens that are no drafts. */
  commit(link: number, first: number, ...tokens: number[]): this {
    return this.receive(link, { kind: 'commit', first, branch: 0, accepted: 0, tokens });
  }

  /** Nothing where the device is not drafting. */
  draft(token: number, confidence = 0.9): this {
    const { drafting } = this.state;
    return drafting === null ? this : this.step({ kind: 'draft-produced', ...drafting, token, confidence });
  }

  sent(link?: number): DeviceMessage[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'send' && (link ?? effect.link) === effect.link ? [effect.message] : [],
    );
  }
}
