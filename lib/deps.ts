/**
 * The third-party packages that the library imports statically, each pinned once, here, so that
 * `mod.ts` can be imported from a URL without an import map.
 *
 * @module
 */

export { type IRequest, Router } from "npm:itty-router@^5.0.24";
export * as v from "npm:valibot@^1.5.0";
export { base64 } from "npm:@scure/base@^2.4.0";
