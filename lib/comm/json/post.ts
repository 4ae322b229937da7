/**
 * A message as one `POST .../comm/send`, in the JSON form.
 *
 * @module
 */

import type { MessageBody } from "../../wire/message.ts";
import { readAnswer } from "../answer.ts";
import { BOOT_HEADER, type Endpoint } from "../endpoint.ts";
import { refusal } from "../refusal.ts";

/** The media type of all JSON bodies. */
export const JSON_HEADERS = { "content-type": "application/json" };

/**
 * Sends a message.
 *
 * @param endpoint the receiver's
 * @param body the message
 * @param signal gives up
 * @returns the lifetime that took it; undefined when it does not say
 * @throws {RetryLater} when it may be sent again
 */
export async function postMessage(
  endpoint: Endpoint,
  body: MessageBody,
  signal: AbortSignal,
): Promise<string | undefined> {
  const action = "comm/send";
  const { to_rank: rank, key } = body;
  let response: Response;
  let text: string;
  try {
    const headers = JSON_HEADERS;
    response = await endpoint.request({ action, headers, body: JSON.stringify(body), signal });
    text = await readAnswer(response);
  } catch (cause) {
    throw endpoint.broken(action, cause, key);
  }
  if (response.status !== 200 || !isOk(text)) {
    const answer = { status: response.status, headers: response.headers, text };
    throw refusal(answer, { rank, url: endpoint.urlOf(action), key });
  }
  return response.headers.get(BOOT_HEADER) ?? undefined;
}

/** In other languages the same object may have other spaces. */
function isOk(text: string): boolean {
  if (text === '{"status":"ok"}') return true;
  try {
    return (JSON.parse(text) as { status?: unknown } | null)?.status === "ok";
  } catch {
    return false;
  }
}
