/**
 * In which kind of request a link goes on. No I/O.
 *
 * @module
 */

/** For how many ticks bytes go in segments before a streaming request is tried again, at first. */
const SEGMENTS_TICKS = 60;
/** Streaming requests of which so many break, each within so many ticks, break as they stream. */
const [MAX_BREAKS, SOON_TICKS] = [3, 10];

/** How often a peer has to answer that it has no links before that is believed, when in doubt. */
const SURE_ANSWERS = 5;

/** What is known of the way to a peer. */
export class Way {
  /** Whether a request may have arrived whose answer did not. */
  #mayHaveArrived = false;
  #jsonOnlyAnswers = 0;
  #greeted = false;
  #ticks = 0;
  #segmentsUntil = 0;
  #segmentsTicks = SEGMENTS_TICKS;
  #streamingSince = 0;
  #breaks = 0;

  /** Whether the peer answered since it was last in doubt that it would. */
  get isGreeted(): boolean {
    return this.#greeted;
  }

  /** Whether bytes go in segments because streaming requests do not get through. */
  get keepsToSegments(): boolean {
    return this.#ticks < this.#segmentsUntil;
  }

  /** Whether the next request is to stay open: not before a finite one was answered. */
  get isOpen(): boolean {
    return this.#greeted && !this.keepsToSegments;
  }

  /** Counts time. */
  tick(): void {
    this.#ticks++;
  }

  /** A finite request was answered. */
  greet(): void {
    this.#greeted = true;
  }

  /** A streaming request was not answered: it may be the peer, or the way. */
  doubt(): void {
    this.#greeted = false;
  }

  /** A request failed in a way that may have let it arrive. */
  loseAnswer(): void {
    this.#mayHaveArrived = true;
  }

  /**
   * The peer answered as if it had no links, or a gateway whose peer is away did.
   *
   * @returns whether that is to be believed: what may have arrived must not go another way as well
   */
  isJsonOnly(): boolean {
    this.#jsonOnlyAnswers++;
    return !this.#mayHaveArrived || this.#jsonOnlyAnswers >= SURE_ANSWERS;
  }

  /** A streaming request begins. */
  stream(): void {
    this.#streamingSince = this.#ticks;
  }

  /** A streaming request broke off: of some gateways that is the answer to one they do not like. */
  streamBroke(): void {
    const soon = this.#ticks - this.#streamingSince < SOON_TICKS;
    this.#breaks = soon ? this.#breaks + 1 : 1;
    if (this.#breaks >= MAX_BREAKS) this.avoidStreams();
  }

  /** Something on the way keeps streaming requests back; each time for twice as long. */
  avoidStreams(): void {
    this.#segmentsUntil = this.#ticks + this.#segmentsTicks;
    this.#segmentsTicks *= 2;
    this.#breaks = 0;
  }
}
