/**
 * The bodies of requests: counted while they are read, of the media type that is expected.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import { RoutingError } from "./problem.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a JSON body.
 *
 * @param request the request
 * @param maxBytes how many bytes its body may have
 * @returns the parsed JSON, not checked yet
 * @throws {PartyError} `PAYLOAD_TOO_LARGE`, `INVALID_REQUEST`
 * @throws {RoutingError} 415 for another media type
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  checkMediaType(request, "application/json");
  const bytes = await readBytes(request, maxBytes);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new PartyError("INVALID_REQUEST", `Cannot parse ${bytes.byteLength} bytes as JSON`, {
      cause,
    });
  }
}

/** The media type of one CBOR item (RFC 8949). */
export const CBOR_MEDIA_TYPE = "application/cbor";

/**
 * Reads a CBOR body; what it throws is as with {@linkcode readJson}.
 *
 * @returns the bytes, not decoded yet
 */
export async function readCbor(request: Request, maxBytes: number): Promise<Uint8Array> {
  checkMediaType(request, CBOR_MEDIA_TYPE);
  return await readBytes(request, maxBytes);
}

/** Whether a media type is named in `Accept`, and preferred to JSON (RFC 9110, section 12.5.1). */
export function prefers(mediaType: string, { headers }: Request): boolean {
  const qualities = new Map(
    (headers.get("accept") ?? "").split(",").map((range) => {
      const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return [type, Number(quality ?? 1)];
    }),
  );
  return (qualities.get(mediaType) ?? 0) > (qualities.get("application/json") ?? 0);
}

function checkMediaType({ headers }: Request, expected: string): void {
  const given = headers.get("content-type");
  if (given?.split(";").at(0)?.trim().toLowerCase() === expected) return;
  const what = given === null ? "without a media type" : `of type ${given.slice(0, 100)}`;
  throw new RoutingError(415, `Cannot read a body ${what}: send ${expected}`);
}

/** Where a request has its body, once that was read and checked. */
const BODY = Symbol("body");

/** Keeps a body that was read for who reads it next. */
export function keepBody(request: Request, body: Uint8Array): void {
  Object.assign(request, { [BODY]: body });
}

/** Reads a body up to a limit, whatever length it claims to have. */
export async function readBytes(
  request: Request & { [BODY]?: Uint8Array },
  maxBytes: number,
): Promise<Uint8Array> {
  if (request[BODY] !== undefined) return request[BODY];
  const length = request.headers.get("content-length");
  if (length === null) return await countedBytes(request, maxBytes);
  if (Number(length) > maxBytes) throw tooLarge(maxBytes);
  // HTTP ends a body at the length that it claims, and whole bodies are read much faster.
  const bytes = await request.arrayBuffer().catch((cause) => {
    throw endedEarly(`of ${length}`, cause);
  });
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes);
  return new Uint8Array(bytes);
}

async function countedBytes({ body }: Request, maxBytes: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(next.value);
    }
  } catch (cause) {
    if (cause instanceof PartyError) throw cause;
    throw endedEarly(`after ${size}`, cause);
  } finally {
    reader.releaseLock(); // what is left may have to be dropped
  }
  return chunks.length === 1 ? chunks[0]! : concat(chunks, size);
}

function concat(chunks: Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function tooLarge(maxBytes: number): PartyError {
  return new PartyError(
    "PAYLOAD_TOO_LARGE",
    `Cannot take a body of more than ${maxBytes} bytes: send less, or raise the party's ` +
      `maxRequestBytes, or for a symbol as CBOR its maxSymbolBytes`,
  );
}

function endedEarly(where: string, cause: unknown): PartyError {
  return new PartyError("INVALID_REQUEST", `The body ended early, ${where} bytes`, { cause });
}
