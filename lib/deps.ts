/**
 * The third-party packages that the library imports statically, each pinned once, here, so that
 * `mod.ts` can be imported from a URL without an import map.
 *
 * @module
 */

export { type IRequest, Router } from "npm:itty-router@^5.0.24";
export * as v from "npm:valibot@^1.5.0";
export { toJsonSchema } from "npm:@valibot/to-json-schema@^1.8.0";
export { base32crockford, base64, base64urlnopad } from "npm:@scure/base@^2.4.0";
export { uniformFloat64 } from "npm:pure-rand@^8.4.2/distribution/uniformFloat64";
export { xoroshiro128plus } from "npm:pure-rand@^8.4.2/generator/xoroshiro128plus";
export {
  encode,
  encodeInto,
  type EncodeOptions,
  objectToTokens,
  type TagDecodeControl,
  type TagDecoder,
  Token,
  Tokenizer,
  tokensToObject,
  Type,
  type TypeEncoder,
} from "npm:cborg@^6.1.5";
