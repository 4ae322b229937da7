/**
 * Authorities and certificates that last as long as a test.
 *
 * @module
 */

import "reflect-metadata"; // the next one needs it
import {
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HOUR_MS = 3_600_000;

/** A certificate and its key, in PEM. */
export interface Identity {
  cert: string;
  key: string;
}

/** Who signs certificates. */
export class Authority {
  readonly #certificate: X509Certificate;
  readonly #keys: CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
  }

  /** Its own certificate, in PEM. */
  get ca(): string {
    return this.#certificate.toString("pem");
  }

  /** Makes one. @param name its common name */
  static async create(name: string): Promise<Authority> {
    const keys = await makeKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      ...head(name),
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 1, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      ],
    });
    return new Authority(certificate, keys);
  }

  /** Signs a certificate. @param name its common name @param hosts what it is for besides */
  async issue(name: string, hosts: string[] = ["localhost", "127.0.0.1"]): Promise<Identity> {
    const keys = await makeKeys();
    const extensions: Extension[] = [new BasicConstraintsExtension(false)];
    const names = hosts.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value }) as const);
    if (names.length > 0) extensions.push(new SubjectAlternativeNameExtension(names));
    const certificate = await X509CertificateGenerator.create({
      ...head(name),
      issuer: this.#certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions,
    });
    const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    return { cert: certificate.toString("pem"), key: PemConverter.encode(key, "PRIVATE KEY") };
  }
}

function head(name: string) {
  const now = Date.now();
  return {
    subject: `CN=${name}`,
    serialNumber: crypto.randomUUID().replaceAll("-", "").replace(/^./, "1"),
    notBefore: new Date(now - HOUR_MS),
    notAfter: new Date(now + HOUR_MS),
    signingAlgorithm: ALGORITHM,
  };
}

async function makeKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || /^[\da-f:]+$/.test(host);
}
