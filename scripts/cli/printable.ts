/**
 * Text of others, made harmless.
 *
 * @module
 */

/** What moves the cursor, colours, rings, hides, or turns the direction of writing. */
const CONTROLS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** What another party said, or a file, must not control the terminal: `\x1b` in place of ESC. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** The same in JSON, where it is an escape of the same character. */
export function printableJson(json: string): string {
  return json.replaceAll(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A file's path as a shell takes it, for a command that is shown. */
export function shellWord(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${printable(path).replaceAll("'", "'\\''")}'`;
}
