// Divides the rate of a line among its users by weight: no user gets more than it can use, and the rest is divided among the others
// (weighted max-min fairness). For lines whose users are each sent a rate, as devices are for their uplinks. Pure.

export interface RateUser {
  /** Relative, above 0. */
  readonly weight: number;
  /** bit/s; Infinity: all that it can get. */
  readonly wanted: number;
}

/** What a user of a line did since its last rate was set, bit/s. */
export interface RateUse {
  readonly weight: number;
  readonly rate: number;
  readonly used: number;
}

/** A user that uses less than this part of its rate does not need the rest. */
const fullUse = 0.8;
/** An idle user keeps this multiple of what it uses, so that it can show that it needs more again, */
const idleRoom = 2;
/** and at least this part of its share. */
const leastPart = 0.02;

/** @returns the rate of each user, bit/s; their sum is the capacity if together they can use it */
export function divideRate(capacity: number, users: readonly RateUser[]): number[] {
  const rates = users.map(() => 0);
  // Those that want the least for their weight are satisfied first; each then leaves a level for the rest.
  const order = users.map((_, index) => index).sort((left, right) => levelOf(users[left]) - levelOf(users[right]));
  let left = capacity;
  let weights = users.reduce((sum, { weight }) => sum + weight, 0);
  for (const index of order) {
    const { weight, wanted } = users[index] as RateUser;
    const rate = Math.min(wanted, (left * weight) / weights);
    rates[index] = rate;
    left = Math.max(0, left - rate);
    weights -= weight;
  }
  return rates;
}

/**
 * The next rates of users that are each sent a rate: a user that has used its rate up may use any rate. The rate that no user needs is
 * given to all by weight, so that no user is held up on a line that has room.
 */
export function nextRates(capacity: number, uses: readonly RateUse[]): number[] {
  const weights = uses.reduce((sum, { weight }) => sum + weight, 0);
  const users = uses.map(({ weight, rate, used }) => {
    const least = (leastPart * capacity * weight) / weights;
    return { weight, wanted: used >= fullUse * rate ? Number.POSITIVE_INFINITY : Math.max(least, idleRoom * used) };
  });
  const rates = divideRate(capacity, users);
  const left = Math.max(0, capacity - rates.reduce((sum, rate) => sum + rate, 0));
  return rates.map((rate, index) => rate + (left * (uses[index] as RateUse).weight) / weights);
}

function levelOf(user: RateUser | undefined): number {
  return user === undefined ? 0 : user.wanted / user.weight;
}
