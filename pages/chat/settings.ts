// What the user has chosen, kept on this device.

import { type Signal, signal } from '@preact/signals';
import { type Store, tryToKeep } from '../parts/storage.ts';

export interface Choices {
  readonly temperature: number;
  readonly mostTokens: number;
  readonly showsDrafts: boolean;
}

const name = 'outrider.choices';
const usual: Choices = { temperature: 0.7, mostTokens: 512, showsDrafts: false };

export class Settings {
  readonly #store: Store | null;
  readonly choices: Signal<Choices>;

  constructor(store: Store | null) {
    this.#store = store;
    this.choices = signal(choicesIn(store?.getItem(name) ?? null));
  }

  change(changes: Partial<Choices>): void {
    const choices = bounded({ ...this.choices.peek(), ...changes });
    this.choices.value = choices;
    tryToKeep(this.#store, name, JSON.stringify(choices));
  }
}

function choicesIn(text: string | null): Choices {
  try {
    return bounded({ ...usual, ...(JSON.parse(text ?? '{}') as Partial<Choices>) });
  } catch {
    return usual;
  }
}

/** What the endpoint takes. */
function bounded({ temperature, mostTokens, showsDrafts }: Choices): Choices {
  const within = (value: number, least: number, most: number, otherwise: number): number =>
    Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : otherwise;
  return {
    temperature: within(temperature, 0, 2, usual.temperature),
    mostTokens: Math.round(within(mostTokens, 1, 100_000, usual.mostTokens)),
    showsDrafts: showsDrafts === true,
  };
}
