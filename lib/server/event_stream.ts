/**
 * Server-Sent Events (WHATWG HTML, section 9.2): one answer that tells what changes, as it does.
 *
 * @module
 */

/** The media type of events. */
export const EVENTS_MEDIA_TYPE = "text/event-stream";
/** How often a stream without news says that it is alive, in milliseconds. */
const HEARTBEAT_MS = 10_000;
/** How close together two events may follow each other, but for the last, in milliseconds. */
const MIN_INTERVAL_MS = 50;

/** How long the first event waits for what happens at once, which is one event then. */
const FIRST_MS = 5;

/** What is told: always as it is when the event is sent, so that a slow reader misses only steps. */
export interface EventSource {
  /** The name of the events. */
  event: string;
  /** What it is like at present, or soon; plain JSON. */
  current(): unknown;
  /** Whether nothing more will change. */
  isOver(): boolean;
  /** Calls the listener after each change; returns how to end that. */
  onChange(listener: () => void): () => void;
}

const utf8 = new TextEncoder();

/**
 * @param source what is told
 * @param draining ends the stream when the server is about to close
 * @returns an answer that begins with what is, and goes on until nothing will change any more
 */
export function eventStream(source: EventSource, draining?: AbortSignal): Response {
  let [stop, goOn] = [() => {}, () => {}];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let [isStopped, isTelling, isChanged] = [false, false, true];
      let timer: ReturnType<typeof setTimeout> | undefined;
      let toldAt = performance.now() + FIRST_MS - MIN_INTERVAL_MS;
      const write = (text: string) => controller.enqueue(utf8.encode(text));
      const end = () => {
        if (isStopped) return;
        stop();
        controller.close();
      };
      const step = async () => {
        if (isStopped || isTelling) return;
        const isDraining = draining?.aborted ?? false;
        const isLast = isDraining || source.isOver();
        const isReady = isChanged && (controller.desiredSize ?? 0) > 0;
        if (!isReady) return isDraining ? end() : undefined;
        const pauseMs = toldAt + MIN_INTERVAL_MS - performance.now();
        clearTimeout(timer);
        if (pauseMs > 0 && !isLast) return void (timer = setTimeout(goOn, pauseMs));
        isChanged = false;
        isTelling = true;
        const data = JSON.stringify(await source.current());
        isTelling = false;
        toldAt = performance.now();
        if (isStopped) return;
        write(`event: ${source.event}\ndata: ${data}\n\n`);
        if (isLast) end();
        else goOn();
      };
      goOn = () =>
        void step().catch((error) => {
          stop();
          controller.error(error);
        });
      const forget = source.onChange(() => {
        isChanged = true;
        goOn();
      });
      const heartbeat = setInterval(() => write(": alive\n\n"), HEARTBEAT_MS);
      stop = () => {
        isStopped = true;
        forget();
        clearInterval(heartbeat);
        clearTimeout(timer);
        draining?.removeEventListener("abort", goOn);
      };
      draining?.addEventListener("abort", goOn, { once: true });
      goOn();
    },
    pull: () => goOn(), // there is room again
    cancel: () => stop(),
  });
  return new Response(body, {
    headers: { "content-type": `${EVENTS_MEDIA_TYPE}; charset=utf-8`, "cache-control": "no-cache" },
  });
}
