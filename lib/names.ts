/** What names of sessions, symbols, programs, computations and contexts look like. */
export const NAME_PATTERN = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$/;
