/**
 * Reading what a peer answers, which is another organisation's server.
 *
 * @module
 */

/** Far more than any answer of a party has. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * @param response a peer's answer
 * @returns its body as text
 * @throws {Error} when it is longer than 64 KiB, or breaks off
 */
export async function readAnswer(response: Response): Promise<string> {
  const length = response.headers.get("content-length");
  // HTTP keeps a body to the length that it declares, so there is nothing to count.
  if (length !== null && Number(length) <= MAX_ANSWER_BYTES) return await response.text();
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let [text, size] = ["", 0];
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) {
      throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
