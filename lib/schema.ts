/**
 * The one way in which input is checked: a schema, and an error that says which field is wrong.
 *
 * @module
 */

import { v } from "./deps.ts";
import { PartyError } from "./errors.ts";
import { NAME_PATTERN } from "./names.ts";

/** A name, as {@linkcode NAME_PATTERN} has it. */
export const Name = v.pipe(
  v.string(),
  v.regex(NAME_PATTERN, "use 1 to 128 letters, digits, '.', '_' or '-', but not '.' or '..'"),
);

const NO_RANK = "use a whole number from 0";
/** A rank, or a number of parties: a whole number from 0. */
export const Rank = v.pipe(v.number(), v.safeInteger(NO_RANK), v.minValue(0, NO_RANK));

/** How many there are. */
export const Count = v.pipe(v.number(), v.safeInteger("use a whole number"), v.minValue(0));
/** How long something took, or has taken. */
export const Milliseconds = v.pipe(v.number(), v.minValue(0));

/** A moment, as ISO 8601 in UTC. */
export const Moment = v.pipe(v.string(), v.isoTimestamp());

/** The most parties that a session, or a list of parties, may have. */
export const MAX_WORLD_SIZE = 1_024;
/** What to say when there are none, or too many of them. */
export const WORLD_SIZE: string = `give 1 to ${MAX_WORLD_SIZE} of them`;

/** A party's base URL; a slash at its end is dropped. */
export const Endpoint = v.pipe(
  v.string(),
  v.maxLength(2_048, "use at most 2048 characters"),
  v.check(isBaseUrl, "use the http or https URL of a party, without user, query or fragment"),
  v.transform((endpoint) => new URL(endpoint).href.replace(/\/+$/, "")),
);

/**
 * Checks input against a schema.
 *
 * @param schema what is expected; its own messages say what to use
 * @param input what came
 * @param what names the input in the error
 * @returns what the schema makes of the input
 * @throws {PartyError} `INVALID_REQUEST`, naming the first field that is wrong, and not its value
 */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new PartyError("INVALID_REQUEST", `Cannot take ${what}: ${describeIssue(issue)}`);
}

/** Whether a text is the http or https URL of a party, without user, query or fragment. */
export function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, href } = new URL(text);
  // `search` and `hash` are empty for a bare "?" or "#", which would swallow the path after it.
  return ["http:", "https:"].includes(protocol) && username + password === "" &&
    !/[?#]/.test(href);
}

/** A message that a schema was not given; it holds the value. */
const OWN_MESSAGE = /^Invalid ([^:]+): (?:Expected|Received) /;

/**
 * What is wrong with a value, in words that do not show it.
 *
 * @param issue what valibot says
 */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const { kind, path, expected, input, message } = issue;
  const field = fieldPath(path?.map(({ key }) => key as string | number) ?? []);
  if (path?.at(-1)?.origin === "key") {
    return expected === "never" ? `field ${field} is unknown` : `${field} is missing`;
  }
  const [, about] = OWN_MESSAGE.exec(message) ?? [];
  if (about === undefined) return field === "" ? message : `${field}: ${message}`;
  const what = field || "it";
  if (expected === null) return `${what} is no valid ${about}`;
  if (kind !== "schema") {
    return `${about === "value" ? what : `the ${about} of ${what}`} has to be ${expected}`;
  }
  if (!/^\w+$/.test(expected)) return `${what} has to be ${expected}`; // one of several
  return `${what} has to be ${withArticle(expected.toLowerCase())}, not ${typeName(input)}`;
}

function typeName(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return String(value);
  return withArticle(Array.isArray(value) ? "array" : typeof value);
}

function withArticle(noun: string): string {
  if (!/^[a-z]/.test(noun)) return noun;
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}

/**
 * A path as JavaScript writes it, such as `endpoints[0]`; a long or odd key is quoted, and cut.
 *
 * @param steps keys and indices, from the outermost on
 */
export function fieldPath(steps: readonly (string | number)[]): string {
  const text = steps.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return /^[A-Za-z_$][\w$]{0,59}$/.test(step)
      ? `.${step}`
      : `[${JSON.stringify(step).slice(0, 60)}]`;
  }).join("");
  return text.startsWith(".") ? text.slice(1) : text;
}
