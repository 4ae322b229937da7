/**
 * What a bad network may do, and how often.
 *
 * @module
 */

/** A proxy on the way to every receiver. */
export interface GatewayOptions {
  /** Whether it passes a request on only once its body has ended, and its answer likewise. */
  buffers?: boolean;
  /** How large a body may be, in bytes; a larger one is answered 413. */
  maxBodyBytes?: number;
}

/**
 * Options of {@linkcode faultyFetch}. The faults are probabilities from 0, which is the default, to
 * 1; at most one of those from `unavailable` to `duplicate` happens to a request.
 */
export interface FaultOptions {
  /** A whole number; the same seed does the same to the same requests in the same order. */
  seed: number;
  /**
   * Makes the requests.
   *
   * @default {globalThis.fetch}
   */
  fetch?: typeof fetch;
  /** This request and up to two that follow it to the same origin are answered 503. */
  unavailable?: number;
  /** The connection fails at once, and nothing arrives. */
  drop?: number;
  /** The connection fails after a while, and nothing arrives. */
  resetBefore?: number;
  /** A part of the body arrives, then the connection breaks for both sides. */
  resetMidway?: number;
  /** All of the body arrives; the connection breaks before anything of the answer comes back. */
  resetAfter?: number;
  /** All of the body arrives, and the head of the answer comes back; its body breaks off. */
  loseAnswer?: number;
  /** A finite request arrives twice, in a row or at once; the answer to one of them comes back. */
  duplicate?: number;
  /** Waits until another request has overtaken it, or for four times `maxDelayMs`. */
  reorder?: number;
  /** The request, its answer and the chunks of their streams wait, each in its turn. */
  delay?: number;
  /** The chunks of streams arrive cut into others. */
  split?: number;
  /**
   * How long one delay lasts at most, in milliseconds.
   *
   * @default {5}
   */
  maxDelayMs?: number;
  /**
   * When a stream breaks that is to break: before so many bytes of the request, or milliseconds.
   *
   * @default {{ bytes: 65_536, ms: 200 }}
   */
  breakWithin?: { bytes: number; ms: number };
  /** A proxy on the way. */
  gateway?: GatewayOptions;
}
