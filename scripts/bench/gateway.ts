/**
 * A gateway that reads a request whole before it passes it on, as many before a server do. It is a
 * `fetch`, in the sender's own process: it buffers, and costs nothing else.
 *
 * @module
 */

/** Makes a request once its body has come to its end; one that never ends is never made. */
export const bufferingFetch: typeof fetch = async (input, init) => {
  const body = init?.body;
  if (!(body instanceof ReadableStream)) return await fetch(input, init);
  const { duplex: _, ...rest } = init as RequestInit & { duplex?: string };
  const bytes = await readAll(body, init!.signal ?? undefined);
  return await fetch(input, { ...rest, body: bytes });
};

/** Reads until the end, or until the request is given up: the sender's stream is then cancelled. */
async function readAll(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = stream.getReader();
  const cancel = () => void reader.cancel(signal!.reason).catch(() => {});
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value as Uint8Array<ArrayBuffer>);
    }
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
  if (chunks.length === 1) return chunks[0]!;
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
