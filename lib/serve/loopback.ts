/**
 * Addresses that only this machine reaches.
 *
 * @module
 */

/** @param hostname a name or an address, without brackets */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1)$/i.test(hostname);
}
