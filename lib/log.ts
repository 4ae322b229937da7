/**
 * What a party tells its operator while it runs: one record an event, for any log.
 *
 * @module
 */

/** How grave a record is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a record may say besides its message; never a share, a payload or a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Whom a record is about. */
export interface LogSubject {
  /** The session's name. */
  session?: string;
  /** The computation's id. */
  computation?: string;
  /** This party's rank. */
  rank?: number;
  /** The W3C trace context, by which records of all parties can be put together. */
  traceparent?: string;
}

/** One event. */
export interface LogRecord extends LogSubject {
  /** When it was, as ISO 8601 in UTC. */
  time: string;
  /** How grave it is. */
  level: LogLevel;
  /** What happened, in one line. */
  message: string;
  /** What else is known. */
  fields: LogFields;
  /** What was thrown, where something was. */
  error?: unknown;
}

/** Takes records; must not throw. */
export type LogSink = (record: LogRecord) => void;

/** Writes records about one subject. */
export class Logger {
  readonly #sink: LogSink;
  readonly #subject: LogSubject;

  /** Makes a log. @param sink takes the records @param subject whom they are about */
  constructor(sink: LogSink, subject: LogSubject = {}) {
    this.#sink = sink;
    this.#subject = subject;
  }

  /** For who looks for a fault. */
  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }

  /** What is as it should be. */
  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }

  /** What an operator may have to look into. */
  warn(message: string, fields?: LogFields, error?: unknown): void {
    this.#write("warn", message, fields, error);
  }

  /** What failed. */
  error(message: string, fields?: LogFields, error?: unknown): void {
    this.#write("error", message, fields, error);
  }

  /** A log of the same sink about a subject that is told more closely. */
  about(subject: LogSubject): Logger {
    return new Logger(this.#sink, { ...this.#subject, ...subject });
  }

  #write(level: LogLevel, message: string, fields: LogFields = {}, error?: unknown): void {
    const record: LogRecord = {
      time: new Date().toISOString(),
      level,
      message,
      ...this.#subject,
      fields,
    };
    if (error !== undefined) record.error = error;
    this.#sink(record);
  }
}
