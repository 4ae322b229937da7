/**
 * `/sessions/{s}/symbols`: the named values of a session, as JSON or as CBOR.
 *
 * @module
 */

import { type IRequest, v } from "../deps.ts";
import { PartyError } from "../errors.ts";
import type { SessionManager } from "../resources/sessions.ts";
import type { SessionSymbol } from "../resources/symbol.ts";
import type { SymbolTable } from "../resources/symbols.ts";
import { check, Count, Name } from "../schema.ts";
import { decodeCbor } from "../wire/cbor.ts";
import { decodePayload, encodePayload } from "../wire/message.ts";
import { CBOR_MEDIA_TYPE, prefers, readCbor, readJson } from "./body.ts";
import { nameParam, type Route } from "./routes.ts";

/** The type of a symbol whose value is the body, as JSON in ASCII. */
export const MPTYPE_HEADER = "partyline-mptype";

const SymbolBody = v.strictObject({
  name: Name,
  mptype: v.optional(v.unknown(), null),
  data: v.string(),
});

/** The JSON form of a symbol, without its value. */
export const SymbolJson = v.object({ name: Name, mptype: v.unknown() });

/** A symbol in a listing. */
const ListedJson = v.object({
  ...SymbolJson.entries,
  shape: v.nullable(v.array(Count)),
  bytes: Count,
  private: v.boolean(),
});

const SYMBOL_EXAMPLE = { name: "weights", mptype: { kind: "share" } };
const LISTED_EXAMPLE = { ...SYMBOL_EXAMPLE, shape: [3], bytes: 4, private: false };
const DATA_EXAMPLE = { data: "WzEsMiwzXQ==" };
const CREATED = { description: "The symbol.", schema: SymbolJson, example: SYMBOL_EXAMPLE };
const PUT_PROBLEMS = [
  "UNKNOWN_SESSION",
  "SERIALIZATION",
  "CONFLICT",
  "PAYLOAD_TOO_LARGE",
] as const;

/**
 * The routes of symbols.
 *
 * @param sessions whose symbols they are
 * @param maxRequestBytes how large a JSON body may be
 * @param maxSymbolBytes how large a body of CBOR may be
 */
export function symbolRoutes(
  sessions: SessionManager,
  maxRequestBytes: number,
  maxSymbolBytes: number,
): Route[] {
  const symbolsOf = (request: IRequest): SymbolTable =>
    sessions.get(nameParam(request, "session")).symbols;
  return [{
    path: "/sessions/:session/symbols",
    tag: "symbols",
    operations: {
      GET: {
        id: "listSymbols",
        summary: "Lists the symbols of a session, and the party's private ones, without values.",
        answers: {
          200: {
            description: "The private ones, then the others in the order of their creation.",
            schema: v.object({ symbols: v.array(ListedJson) }),
            example: { symbols: [LISTED_EXAMPLE] },
          },
        },
        problems: ["UNKNOWN_SESSION"],
        handle: (request) => Response.json({ symbols: symbolsOf(request).list().map(viewListed) }),
      },
      POST: {
        id: "createSymbol",
        summary: "Keeps a named value, which is Base64 of its JSON; the same again is the same.",
        body: { schema: SymbolBody, example: { ...SYMBOL_EXAMPLE, ...DATA_EXAMPLE } },
        answers: { 200: CREATED },
        problems: PUT_PROBLEMS,
        handle: async (request) => {
          symbolsOf(request); // before a large body is read for nothing
          const body = check(SymbolBody, await readJson(request, maxRequestBytes), "a symbol");
          const { value } = decodePayload(body.data);
          // Meanwhile the session may have been closed, and another created under its name.
          const symbol = await symbolsOf(request).put(body.name, value, body.mptype);
          return Response.json(viewSymbol(symbol));
        },
      },
    },
  }, {
    path: "/sessions/:session/symbols/:symbol",
    tag: "symbols",
    operations: {
      GET: {
        id: "getSymbol",
        summary: "Reads a symbol with its value; as CBOR when Accept prefers application/cbor.",
        answers: {
          200: {
            description: "The symbol; data is Base64 of its value as JSON.",
            schema: v.object({ ...SymbolJson.entries, data: v.string() }),
            example: { ...SYMBOL_EXAMPLE, ...DATA_EXAMPLE },
            headers: { [MPTYPE_HEADER]: "With CBOR: the mptype, as JSON in ASCII." },
            instead: { mediaType: CBOR_MEDIA_TYPE },
          },
        },
        problems: ["UNKNOWN_SESSION", "UNKNOWN_SYMBOL", "FORBIDDEN"],
        handle: (request) => {
          const symbol = symbolsOf(request).get(nameParam(request, "symbol"));
          if (symbol.isPrivate) throw isPrivate(symbol);
          return prefers(CBOR_MEDIA_TYPE, request) ? answerCbor(symbol) : answerJson(symbol);
        },
      },
      PUT: {
        id: "putSymbol",
        summary: "Keeps a named value, which is the body; the same again is the same.",
        body: { mediaType: CBOR_MEDIA_TYPE, maxBytes: maxSymbolBytes },
        headers: { [MPTYPE_HEADER]: "The mptype, as JSON in ASCII; null without it." },
        answers: { 200: CREATED, 201: { ...CREATED, description: "The symbol, which is new." } },
        problems: PUT_PROBLEMS,
        handle: async (request) => {
          symbolsOf(request); // before a large body is read for nothing
          const name = nameParam(request, "symbol");
          const mptype = readMptype(request);
          const value = decodeCbor(await readCbor(request, maxSymbolBytes));
          const symbols = symbolsOf(request);
          const isNew = !symbols.has(name);
          const symbol = await symbols.put(name, value, mptype);
          return Response.json(viewSymbol(symbol), { status: isNew ? 201 : 200 });
        },
      },
      DELETE: {
        id: "deleteSymbol",
        summary: "Deletes a symbol.",
        answers: { 204: { description: "It is deleted." } },
        problems: ["UNKNOWN_SESSION", "UNKNOWN_SYMBOL", "FORBIDDEN"],
        handle: async (request) => {
          await symbolsOf(request).delete(nameParam(request, "symbol"));
          return new Response(null, { status: 204 });
        },
      },
    },
  }];
}

function viewSymbol({ name, mptype }: SessionSymbol) {
  return { name, mptype };
}

function viewListed(symbol: SessionSymbol) {
  const { shape = null, bytes, isPrivate } = symbol;
  return { ...viewSymbol(symbol), shape, bytes, private: isPrivate };
}

function answerJson(symbol: SessionSymbol): Response {
  const { data } = encodePayload(symbol.value);
  return Response.json({ ...viewSymbol(symbol), data }, { headers: { vary: "accept" } });
}

function answerCbor({ cbor, mptypeJson }: SessionSymbol): Response {
  return new Response(cbor, {
    headers: { "content-type": CBOR_MEDIA_TYPE, [MPTYPE_HEADER]: mptypeJson, vary: "accept" },
  });
}

function isPrivate({ name }: SessionSymbol): PartyError {
  return new PartyError(
    "FORBIDDEN",
    `Cannot read symbol ${name}: it is private data of this party, for programs alone`,
  );
}

function readMptype({ headers }: IRequest): unknown {
  const text = headers.get(MPTYPE_HEADER);
  if (text === null) return null;
  try {
    // What is beyond ASCII comes in one encoding or another.
    if (/^[\x20-\x7e]*$/.test(text)) return JSON.parse(text);
  } catch {
    // Told below.
  }
  throw new PartyError(
    "INVALID_REQUEST",
    `Cannot take the header ${MPTYPE_HEADER}: give JSON in ASCII, with \\u escapes for the rest`,
  );
}
