/**
 * The arithmetic of Curve25519, pinned here for its only user: the driver must not load it.
 *
 * @module
 */

export { ed25519 } from "npm:@noble/curves@^2.4.0/ed25519.js";
