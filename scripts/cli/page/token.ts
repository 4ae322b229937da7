/**
 * The token of who may see a party's page.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { randomHex } from "../../../lib/random.ts";
import { createKeyFile, readOwnFile } from "../key_file.ts";

/** What goes into a URL and a header as it is, and is not guessed. */
const TOKEN = /^[A-Za-z0-9._~-]{32,256}$/;

/** Draws a token. */
export function drawToken(): string {
  return randomHex(32);
}

/**
 * Reads the token of a file, or draws one and keeps it there.
 *
 * @param path the file; it is made where there is none
 * @returns the token
 * @throws {Error} when it cannot be read or made, others may read it, or it holds something else; in
 * one line that shows none of it
 */
export async function keepToken(path: string): Promise<string> {
  if (await isMissing(path)) {
    const token = drawToken();
    await createKeyFile(path, `${token}\n`, "--token-file");
    return token;
  }
  const token = (await readOwnFile(path)).trim();
  if (TOKEN.test(token)) return token;
  throw new Error(
    `Cannot take ${path} as a token: it has to hold 32 to 256 letters, digits, '.', '_', '~' or ` +
      `'-'; name a file that is not there, and one is drawn`,
  );
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ENOENT";
  }
}
