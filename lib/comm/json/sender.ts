/**
 * Sending to a peer that has no links: one message at a time.
 *
 * @module
 */

import { PartyError } from "../../errors.ts";
import { encodePayload } from "../../wire/message.ts";
import type { WaitOptions } from "../communicator.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Endpoint } from "../endpoint.ts";
import { Outbox } from "../outbox.ts";
import { postMessage } from "./post.ts";

/** At least what the JSON around the key and the data of a message takes. */
const ENVELOPE_BYTES = 256;
/** What a character of a key takes at most: as an escape such as `\u0000`. */
const MAX_BYTES_A_CHARACTER = 6;

/** What a sender needs to know. */
export interface JsonSenderOptions {
  from: number;
  to: number;
  /** The sender's lifetime. */
  boot: string;
  endpoint: Endpoint;
  deadlines: Deadlines;
  maxRequestBytes: number;
  /** Is called before each further attempt. */
  onRetry: () => void;
  /** Hears of the lifetime that took a message; throws when it is another than before. */
  onBoot: (boot: string) => void;
}

/** Messages to one peer, in the JSON form. */
export class JsonSender {
  readonly #to: number;
  readonly #maxRequestBytes: number;
  readonly #outbox: Outbox;

  /** @param options from whom, to whom, and how */
  constructor(options: JsonSenderOptions) {
    const { from, to, boot, endpoint, onBoot } = options;
    this.#to = to;
    this.#maxRequestBytes = options.maxRequestBytes;
    this.#outbox = new Outbox({
      rank: to,
      deadlines: options.deadlines,
      onRetry: options.onRetry,
      attempt: async ({ key, data, seq }, signal) => {
        const body = { from_rank: from, to_rank: to, key, data, boot, seq };
        const answered = await postMessage(endpoint, body, signal);
        if (answered !== undefined) onBoot(answered);
      },
    });
  }

  /**
   * @returns how many bytes the message has, once the peer holds it
   * @throws {PartyError} `PAYLOAD_TOO_LARGE`, at once
   */
  send(key: string, data: unknown, options: WaitOptions & { timeoutMs: number }): Promise<number> {
    const payload = encodePayload(data);
    const bodyBytes = payload.data.length + MAX_BYTES_A_CHARACTER * key.length + ENVELOPE_BYTES;
    if (bodyBytes > this.#maxRequestBytes) {
      throw new PartyError(
        "PAYLOAD_TOO_LARGE",
        `Cannot send ${payload.bytes} bytes under key ${JSON.stringify(key)}: in Base64 they are ` +
          `more than the ${this.#maxRequestBytes} bytes of a request; raise maxRequestBytes at ` +
          `every party, or send in parts`,
        { rank: this.#to, key },
      );
    }
    return this.#outbox.send(key, payload, options);
  }

  /** Rejects all that is not delivered, and every later send. @param error why */
  close(error: Error): void {
    this.#outbox.close(error);
  }

  /** The same, but a message that is just arriving may arrive. @param error why */
  finish(error: Error): void {
    this.#outbox.finish(error);
  }
}
