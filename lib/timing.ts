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
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
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
