/**
 * Certificates and keys as text, checked before they are used: the runtimes tell of bad ones late,
 * differently, or never.
 *
 * @module
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/**
 * Checks a certificate and its key.
 *
 * @throws {TypeError} when one cannot be read, or the key is that of another certificate
 */
export function checkIdentity({ cert, key }: { cert: string; key: string }): void {
  const certificate = checkCertificate("certificate", cert);
  const privateKey = read("private key, without a password", () => createPrivateKey(key));
  if (certificate.checkPrivateKey(privateKey)) return;
  throw new TypeError("Cannot use a certificate with the key of another: give its own");
}

/**
 * Checks a certificate; of several in one text, the first.
 *
 * @param what says in the error which it is
 * @throws {TypeError} when it cannot be read
 */
export function checkCertificate(what: string, pem: string): X509Certificate {
  return read(what, () => new X509Certificate(pem));
}

/** The error says nothing of what came, nor why: it may hold a key, or be one. */
function read<T extends X509Certificate | KeyObject>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new TypeError(`Cannot read the ${what}: give the text of a PEM file`);
  }
}
