/**
 * Files of an operator's data.
 *
 * @module
 */

import { decodeJson } from "../../lib/wire/json.ts";
import { fault, placeIn } from "../../lib/wire/json_text.ts";
import { readText } from "./text.ts";

/**
 * Reads a file: `.csv` becomes a table, an object of columns; `.json` is plain JSON or the JSON form
 * of any value.
 *
 * @param file its path
 * @returns plain data
 * @throws {Error} when it cannot be read, with the place in it; of what it holds the error shows at
 * most the start of one cell
 */
export async function readData(file: string): Promise<unknown> {
  const [, extension] = /\.([^./\\]*)$/.exec(file) ?? [];
  switch (extension?.toLowerCase()) {
    case "csv": {
      const { readTable } = await import("./table.ts"); // the CSV parser with it
      return await readTable(file);
    }
    case "json":
      return readJson(await readText(file), file);
    default:
      throw new Error(`Cannot read ${file}: give a file whose name ends with .csv or .json`);
  }
}

function readJson(text: string, file: string): unknown {
  try {
    return decodeJson(text);
  } catch (error) {
    const { message, cause } = error as Error;
    if (cause instanceof SyntaxError) {
      throw new Error(`Cannot read ${file}: it is no JSON at ${fault(text)}`);
    }
    const [, at] = /at character (\d+)/.exec(message) ?? [];
    const place = at === undefined ? "" : `, at ${placeIn(text, Number(at))}`;
    throw new Error(`Cannot read ${file}${place}: ${message}`);
  }
}
