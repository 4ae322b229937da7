/**
 * Showing how far each party is: bars that are drawn anew on a terminal, lines elsewhere.
 *
 * @module
 */

import { printable } from "./printable.ts";

const BAR_LENGTH = 20;
/** How close together two drawings may follow each other, in milliseconds. */
const MIN_INTERVAL_MS = 50;

/** How far one party is. */
export interface Step {
  rank: number;
  state: string;
  /** From 0 to 1. */
  fraction: number;
  note: string;
}

/** Where it is shown. */
export interface Screen {
  write(text: string): unknown;
}

/** One line for each change. */
export class ProgressLines {
  readonly #screen: Screen;

  /** @param screen where to */
  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Shows a step. */
  show({ rank, state, fraction, note }: Step): void {
    const percent = state === "running" ? ` ${percentText(fraction)}` : "";
    const what = note === "" ? "" : `, ${printable(note)}`;
    this.#screen.write(`rank ${rank}: ${state}${percent}${what}\n`);
  }

  /** Nothing is left to do. */
  end(): void {}
}

/** A bar for each rank, with its step and its rate. */
export class ProgressBars {
  readonly #screen: Screen;
  readonly #width: number;
  readonly #now: () => number;
  readonly #rows: { text: string; startedAt: number | undefined }[];
  #drawnAt = -Infinity;
  #isDrawn = false;

  /**
   * @param parties how many bars
   * @param screen a terminal
   * @param width how many columns it has
   * @param now the time in milliseconds
   */
  constructor(parties: number, screen: Screen, width: number, now = () => performance.now()) {
    this.#screen = screen;
    this.#width = width;
    this.#now = now;
    this.#rows = Array.from({ length: parties }, (_, rank) => ({
      text: this.#line({ rank, state: "pending", fraction: 0, note: "" }, 0),
      startedAt: undefined,
    }));
  }

  /** Shows a step. */
  show(step: Step): void {
    const row = this.#rows[step.rank]!;
    if (step.state === "running") row.startedAt ??= this.#now();
    const seconds = (this.#now() - (row.startedAt ?? this.#now())) / 1_000;
    row.text = this.#line(step, seconds);
    if (this.#now() - this.#drawnAt >= MIN_INTERVAL_MS) this.#draw();
  }

  /** Draws the last state, and leaves it. */
  end(): void {
    this.#draw();
  }

  #line({ rank, state, fraction, note }: Step, seconds: number): string {
    const done = state === "completed" ? 1 : fraction;
    const full = Math.round(done * BAR_LENGTH);
    const bar = "#".repeat(full) + ".".repeat(BAR_LENGTH - full);
    const rate = seconds > 0 ? `${(100 * done / seconds).toFixed(1)} %/s` : "";
    const what = state === "running" ? printable(note) || state : state;
    const line = `rank ${rank} [${bar}] ${percentText(done).padStart(5)} ${
      rate.padStart(9)
    } ${what}`;
    return line.trimEnd().slice(0, this.#width - 1);
  }

  #draw(): void {
    const up = this.#isDrawn ? `\x1b[${this.#rows.length}A` : "";
    this.#screen.write(up + this.#rows.map(({ text }) => `\r\x1b[2K${text}\n`).join(""));
    this.#isDrawn = true;
    this.#drawnAt = this.#now();
  }
}

function percentText(fraction: number): string {
  return `${Math.floor(100 * fraction)} %`;
}
