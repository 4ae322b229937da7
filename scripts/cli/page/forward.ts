/**
 * Asking a party for what a browser or a scraper asked, signed as its operator.
 *
 * @module
 */

import { Deadline } from "../../../lib/client/deadline.ts";
import type { ClientOptions } from "../../../lib/client/options.ts";
import { describeError } from "../../../lib/errors.ts";
import { onAbort } from "../../../lib/timing.ts";
import { type Forward, say } from "./gate.ts";

/** How long the party has until its answer begins, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** All that the party hears of a request, and all that is passed on of its answer. */
const REQUEST_HEADERS = ["accept", "last-event-id"];
const ANSWER_HEADERS = [
  "cache-control",
  "content-security-policy",
  "content-type",
  "partyline-version",
  "referrer-policy",
  "retry-after",
  "x-content-type-options",
];

/** The party that is asked. */
export interface Upstream {
  /** Its base URL, without a slash at its end. */
  url: string;
  /** What it is called in errors. */
  who: string;
  /** Signs and makes the requests. */
  client: Pick<ClientOptions, "authorize" | "fetch">;
}

/**
 * @param upstream the party
 * @returns what asks it; a party that does not answer is 502 or 504, and never an error
 */
export function forwardTo({ url, who, client }: Upstream): Forward {
  const { authorize = (request) => request, fetch = globalThis.fetch } = client;

  return async ({ method, url: came, headers, signal }, draining) => {
    const { pathname, search } = new URL(came);
    const gone = new AbortController();
    const ends = [signal, ...draining ? [draining] : []];
    const forget = ends.map((one) => onAbort(one, () => gone.abort()));
    const deadline = new Deadline(TIMEOUT_MS, gone.signal);
    try {
      const asked = new Request(`${url}${pathname}${search}`, {
        method,
        headers: only(REQUEST_HEADERS, headers),
        redirect: "manual",
      });
      const answer = await fetch(await authorize(asked), { signal: deadline.signal });
      const { status, body } = answer;
      if (status >= 300 && status < 400) {
        await body?.cancel();
        const to = answer.headers.get("location")?.slice(0, 200) ?? "nowhere";
        return say(502, `${who} leads to ${to}, as no party does: correct its URL in the list.`);
      }
      return new Response(body && passOn(body, ends), {
        status,
        headers: {
          "cache-control": "no-store",
          ...only(ANSWER_HEADERS, answer.headers),
          "cross-origin-resource-policy": "same-origin",
        },
      });
    } catch (error) {
      return deadline.passed
        ? say(504, `${who} has not answered for ${TIMEOUT_MS} ms: see what its log says.`)
        : say(
          502,
          `${who} cannot be reached: ${describeError(error)}; start it, or correct ` +
            `its URL in the list.`,
        );
    } finally {
      deadline.end();
      for (const one of forget) one();
    }
  };
}

/** The same bytes as they come, until one of the signals ends both sides. */
function passOn(
  body: ReadableStream<Uint8Array>,
  signals: readonly AbortSignal[],
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let forget: (() => void)[] = [];
  let isOver = false;
  const end = () => {
    isOver = true;
    for (const one of forget) one();
  };
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      const stop = () => {
        end();
        controller.close();
        reader.cancel().catch(() => {}); // it may have failed
      };
      if (signals.some(({ aborted }) => aborted)) return stop();
      forget = signals.map((signal) => onAbort(signal, stop));
    },
    pull: async (controller) => {
      const { done, value } = await reader.read().catch((error) => {
        end();
        throw error;
      });
      if (isOver) return;
      if (!done) return controller.enqueue(value);
      end();
      controller.close();
    },
    cancel: (reason) => {
      end();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

function only(names: readonly string[], headers: Headers): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  }));
}
