/**
 * The `fetch` of Deno with authorities and a certificate of one's own.
 *
 * @module
 */

import type { MakeFetch } from "./options.ts";

/** What is used of Deno, so that this file has types on Node too. */
interface DenoHttp {
  createHttpClient(options: { caCerts: string[]; cert?: string; key?: string }): object;
}

/** {@inheritDoc MakeFetch} */
export const makeFetch: MakeFetch = ({ ca, cert, key }) => {
  const { Deno } = globalThis as unknown as { Deno: DenoHttp };
  const identity = cert === undefined || key === undefined ? {} : { cert, key };
  const client = Deno.createHttpClient({ caCerts: ca === undefined ? [] : [ca], ...identity });
  return (input, init) => {
    const options: object = { ...init, client };
    return fetch(input, options);
  };
};
