/**
 * In which kind of request a link goes on. No I/O.
 *
 * @module
 */

/** For how many ticks bytes go in segments before a streaming request is tried again, at first. */
const SEGMENTS_TICKS = 60;
/** Streaming requests of which so many break, each within so many ticks, break as they stream. */
const [MAX_BREAKS, SOON_TICKS] = [3, 10];

/** What is known of the way to a peer. */
export class Way {
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
