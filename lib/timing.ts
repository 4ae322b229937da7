/**
 * Waiting, but not for ever.
 *
 * @module
 */

/**
 * Waits for a promise, but no longer than a time.
 *
 * @param ms how long at most, in milliseconds
 * @param promise what is waited for
 * @returns settles as the promise does, or resolves with undefined after the time
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) =>
    timer = setTimeout(() => resolve(undefined), ms)
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after the time, or at once when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      ignore();
      resolve();
    };
    const timer = setTimeout(done, ms);
    const ignore = onAbort(signal, done);
  });
}

/** The longest time of a timer; with more, it is over at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls back after a time, and keeps no process alive for it.
 *
 * @param ms after how long, in milliseconds; 24 days at most, whatever is asked for
 * @param callback what is called
 * @returns forgets it
 */
export function inBackground(ms: number, callback: () => void): () => void {
  const timer: unknown = setTimeout(callback, Math.min(ms, MAX_TIMER_MS));
  const { Deno } = globalThis as { Deno?: { unrefTimer(id: unknown): void } };
  if (typeof timer !== "number") (timer as { unref(): void }).unref();
  else Deno?.unrefTimer(timer);
  return () => clearTimeout(timer as number);
}

/** All who listen to one signal, as one listener. */
class Audience implements EventListenerObject {
  readonly calls: Set<() => void> = new Set();

  handleEvent(): void {
    for (const call of this.calls) call();
  }
}

/** Of the signals that somebody listens to. */
const audiences: WeakMap<AbortSignal, Audience> = new WeakMap();

/**
 * Listens to a signal that many may listen to, such as that of a caller who starts a hundred runs:
 * Node takes more than ten listeners of one signal for a leak, and says so.
 *
 * @param signal what is listened to
 * @param call is called when it aborts; never when it has already
 * @returns stops listening
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  let audience = audiences.get(signal);
  if (audience === undefined) {
    audiences.set(signal, audience = new Audience());
    signal.addEventListener("abort", audience);
  }
  const { calls } = audience;
  calls.add(call);
  return () => {
    if (!calls.delete(call) || calls.size > 0) return;
    signal.removeEventListener("abort", audience);
    audiences.delete(signal);
  };
}

/** Wakes who waits for something to happen. */
export class Bell {
  #wake: (() => void)[] = [];

  /** Wakes all that wait. */
  ring(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Resolves when it rings, or after the time. @param ms how long at most, in milliseconds */
  async heard(ms: number): Promise<void> {
    await within(ms, new Promise<void>((resolve) => this.#wake.push(resolve)));
  }
}
