/**
 * Looking for secrets in whatever a party writes, in every form in which they may stand there.
 *
 * @module
 */

import { base64 } from "../../lib/deps.ts";

/** Something that must not be seen; numbers as they are in text, and as 8 bytes. */
export type Secret = string | number | Uint8Array | BigUint64Array;

/** What was written, and where it was found. */
export interface Written {
  where: string;
  text: string;
}

/** A shorter form may turn up by chance. */
const MIN_LENGTH = 8;

/** Secrets by what they are. */
export class Secrets {
  readonly #forms: { secret: string; form: string; text: string }[] = [];

  /** Makes it of those that are known by now. */
  constructor(secrets: Record<string, Secret> = {}) {
    for (const [name, secret] of Object.entries(secrets)) this.add(name, secret);
  }

  /** Looks for one more. @throws {RangeError} when it would be found by chance */
  add(secret: string, value: Secret): void {
    for (const [form, text] of formsOf(value)) {
      if (text.length < MIN_LENGTH) throw new RangeError(`${secret} as ${form} is too short`);
      this.#forms.push({ secret, form, text });
    }
  }

  /** Looks for one more that is text alone. */
  addText(secret: string, text: string): void {
    this.#forms.push({ secret, form: "text", text });
  }

  /** Which secrets are where, each once for each form. */
  find(texts: Iterable<Written>): string[] {
    const found = new Set<string>();
    for (const { where, text } of texts) {
      const lower = text.toLowerCase();
      const list = text.replaceAll(/[\s,]+/g, ",");
      for (const { secret, form, text: needle } of this.#forms) {
        const within = form === "hex" ? lower : form === "list" ? list : text;
        if (within.includes(needle)) found.add(`${secret} as ${form} in ${where}`);
      }
    }
    return [...found];
  }
}

/** Every form of a secret, by its name. */
export function formsOf(secret: Secret): [form: string, text: string][] {
  if (typeof secret === "string") {
    const escaped = JSON.stringify(secret).slice(1, -1);
    return [
      ["text", secret],
      ...escaped === secret ? [] : [["JSON", escaped] as [string, string]],
      ["URL", encodeURIComponent(secret)],
      ...byteForms(new TextEncoder().encode(secret)),
      ...isKey(secret) ? byteForms(base64UrlBytes(secret)) : [],
    ];
  }
  if (typeof secret === "number") {
    const little = new Uint8Array(Float64Array.of(secret).buffer);
    return [["text", String(secret)], ...byteForms(little), ...byteForms(little.toReversed())];
  }
  if (secret instanceof BigUint64Array) {
    const elements = [...secret].map((element): [string, string] => ["decimal", String(element)]);
    return [...elements, ...byteForms(new Uint8Array(secret.slice().buffer))];
  }
  return byteForms(secret);
}

/** Bytes as they are, as text of any kind, and as a list of numbers. */
function byteForms(bytes: Uint8Array): [form: string, text: string][] {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const within = [0, 1, 2].map((before) => base64Within(bytes, before));
  return [
    ["bytes", String.fromCharCode(...bytes)],
    ["hex", hex],
    ["list", bytes.join(",")],
    ...within.flatMap((text): [string, string][] => [
      ["Base64", text],
      ["Base64url", text.replaceAll("+", "-").replaceAll("/", "_")],
    ]),
  ];
}

/** What is the same of its Base64 whatever stands around it. @param before bytes that do, modulo 3 */
function base64Within(bytes: Uint8Array, before: number): string {
  const text = base64.encode(Uint8Array.of(...new Uint8Array(before), ...bytes));
  const end = Math.floor(((before + bytes.length) * 8) / 6);
  return text.slice(Math.ceil((before * 8) / 6), end);
}

function isKey(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

function base64UrlBytes(text: string): Uint8Array {
  return base64.decode(`${text.replaceAll("-", "+").replaceAll("_", "/")}=`);
}
