/**
 * Files of text.
 *
 * @module
 */

import { readFile } from "node:fs/promises";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * @param file its path
 * @returns its text, without the mark that some programs begin it with
 * @throws {Error} when it cannot be read, or is not UTF-8
 */
export async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause) => {
    throw new Error(`Cannot read ${file}: ${cause.message}`);
  });
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Error(`Cannot read ${file}: it is not UTF-8; save it as that`);
  }
}
