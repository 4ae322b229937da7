/**
 * Looking at what is still in memory, on either runtime.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { moment } from "./waiting.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Things that nothing but the tested code may hold. */
export class Held {
  readonly #refs: WeakRef<object>[] = [];

  /** Watches a thing. @returns the same */
  watch<Thing extends object>(thing: Thing): Thing {
    this.#refs.push(new WeakRef(thing));
    return thing;
  }

  /** @returns how many are left, once there are no more than so many, or after a while */
  async left(atMost = 0): Promise<number> {
    let left = Infinity;
    for (let round = 0; round < 40 && left > atMost; round++) {
      await moment(25); // a WeakRef holds its thing until the turn of the event loop is over
      collect();
      left = this.#refs.filter((ref) => ref.deref() !== undefined).length;
    }
    return left;
  }
}
