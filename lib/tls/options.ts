/**
 * What each runtime's own file is given, and gives.
 *
 * @module
 */

/** Options of {@linkcode tlsFetch}, all in PEM. */
export interface TlsFetchOptions {
  /** The authorities that are trusted, besides those that the runtime trusts. */
  ca?: string;
  /** What is shown to who asks for a certificate; wants `key`. */
  cert?: string;
  /** The private key of that, without a password. */
  key?: string;
}

/** Makes the `fetch` of one runtime. */
export type MakeFetch = (options: TlsFetchOptions) => Promise<typeof fetch> | typeof fetch;
