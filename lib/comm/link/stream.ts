/**
 * What the sending end of a link carries, as its requests see it. Messages have their places in the
 * stream of frames. Requests carry the same stream, or one in which its bytes are sealed: its own
 * places are those of offsets and acknowledgements.
 *
 * @module
 */

/** Reads the answer to one request. */
export interface AnswerReader {
  /**
   * @param chunk the next bytes of the answer
   * @returns the last acknowledgement that is whole by now: a place of what requests carry; undefined
   * when none is
   * @throws {NetworkError} or {@linkcode RetryLater}, when the answer is of no party
   */
  read(chunk: Uint8Array): number | undefined | Promise<number | undefined>;
}

/** A stream that is read from any place that is not acknowledged. */
export interface LinkStream {
  /** The place of the frames after the last one. */
  readonly end: number;
  /** The place of the frames before which none can be taken away again. */
  readonly begun: number;
  /** Whether the receiver holds all frames. */
  readonly isDone: boolean;
  /** Where the next request begins. */
  readonly acknowledged: number;
  /** Up to where requests have carried it. */
  readonly sent: number;
  /** How many bytes were carried again. */
  readonly resent: number;
  /** Appends a frame: copied below `SMALL_BYTES`; others must not change any more. */
  append(frame: Uint8Array): void;
  /** Appends a large value, copied, in frames. */
  appendLarge(bytes: Uint8Array): void;
  /** Takes the last frames away again. @param place where they begin, not before `begun` */
  truncate(place: number): void;
  /** Lets go of memory that was kept to be used again. */
  rest(): void;
  /** Whether there is something to carry from a place on, ready to be read or not. */
  hasMore(place: number): boolean;
  /**
   * Makes bytes ready to be read.
   *
   * @param place from where on
   * @param bytes how many, if there are as many
   * @returns undefined when they are; else what resolves when more of them are
   */
  prepare(place: number, bytes: number): Promise<void> | undefined;
  /** Reads what is ready at a place, mostly not all of it, and notes it as sent. */
  read(place: number, maxBytes: number): Uint8Array;
  /**
   * The same, but all that is ready, as one.
   *
   * @param bufferOf gives a buffer of a size to put it together, when it is in several pieces
   */
  readAll(
    place: number,
    maxBytes: number,
    bufferOf: (size: number) => Uint8Array,
  ): Uint8Array;
  /** Begins to read an answer. @param place where the body of its request began */
  answer(place: number): AnswerReader;
  /**
   * Notes an acknowledgement; one that says less than an earlier one is of no account.
   *
   * @param place up to where the receiver holds what is carried
   * @returns up to where it holds the frames
   * @throws {NetworkError} when nothing was sent there yet, so that no party says so
   */
  acknowledge(place: number): number;
  /** Says that a request failed: the receiver may hold less than it acknowledged. */
  retreat(): void;
}
