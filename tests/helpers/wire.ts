/**
 * The network between parties, in the hands of an attacker: sees every request of a party, keeps
 * copies, and may take bytes away or answer in a peer's place.
 *
 * @module
 */

/** A request that went by. */
export interface SeenRequest {
  url: string;
  headers: Record<string, string>;
  /** Its body so far. */
  body: Uint8Array;
}

/** Bytes of a link that did not get through. */
export interface Stolen {
  url: string;
  headers: Record<string, string>;
  /** Those of a request that has them at the place where they belong. */
  bytes: Uint8Array;
}

/** One party's way to the others. */
export class Wire {
  /** All requests, in their order. */
  readonly requests: SeenRequest[] = [];
  /** What did not get through. */
  readonly stolen: Stolen[] = [];
  /** How many pieces of open links are to be taken away. */
  steal = 0;
  /** Answers in a peer's place. */
  forge: ((url: string) => Response | undefined) | undefined;

  /** Makes the party's requests. */
  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = String(input);
    const headers = { ...init.headers as Record<string, string> };
    const seen: SeenRequest = { url, headers, body: new Uint8Array() };
    this.requests.push(seen);
    const forged = this.forge?.(url);
    if (forged !== undefined) return forged;
    const { body } = init;
    if (typeof body === "object" && body instanceof Uint8Array) {
      seen.body = new Uint8Array(body);
    }
    if (!(body instanceof ReadableStream)) return await fetch(url, init);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const relayed = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        if (this.steal > 0) {
          this.steal--;
          const place = Number(headers["partyline-offset"]) + seen.body.byteLength;
          const stolen = { ...headers, "partyline-offset": String(place) };
          this.stolen.push({ url, headers: stolen, bytes: value.slice() });
          reader.cancel("it broke").catch(() => {});
          return controller.error(new TypeError("the connection broke"));
        }
        seen.body = join(seen.body, value);
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
    return await fetch(url, { ...init, body: relayed });
  };

  /** The requests of one kind to one session. */
  of(session: string, action: string): SeenRequest[] {
    return this.requests.filter(({ url }) => url.endsWith(`/sessions/${session}/${action}`));
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.byteLength + second.byteLength);
  bytes.set(first);
  bytes.set(second, first.byteLength);
  return bytes;
}
