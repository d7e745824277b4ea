// The platform's fetch, which keeps what a client sends: some make a prompt of their own from what they are given.

/** A fetch for a client, and the bodies that it has sent, the oldest first. */
export function recordBodies<Body>(): { readonly fetch: typeof fetch; readonly bodies: readonly Body[] } {
  const bodies: Body[] = [];
  return {
    bodies,
    fetch: (input, init) => {
      if (typeof init?.body === 'string') bodies.push(JSON.parse(init.body) as Body);
      return fetch(input, init);
    },
  };
}
