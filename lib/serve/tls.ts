/**
 * TLS at a server: its own certificate, and those of its clients.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ClientCertificate } from "../server/routes.ts";
import { checkCertificate, checkIdentity } from "../tls/pem.ts";

/** What a server shows, and asks of its clients, all in PEM. */
export interface ServeTlsOptions {
  /** Its certificate, followed by those between it and the authority, if there are any. */
  cert: string;
  /** Its private key, without a password. */
  key: string;
  /**
   * The authorities of its clients' certificates. With it, TLS is mutual: who shows no certificate
   * of theirs is refused. What it names is then in the request's context.
   *
   * @default {anyone may connect}
   */
  clientCa?: string;
}

/**
 * Checks TLS options before anything listens.
 *
 * @returns them, as `node:https` takes them
 * @throws {TypeError} when one cannot be read, or the key is that of another certificate
 */
export function tlsOptions({ cert, key, clientCa }: ServeTlsOptions) {
  checkIdentity({ cert, key });
  if (clientCa === undefined) return { cert, key };
  checkCertificate("certificate of the clients' authority", clientCa);
  return { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}

/** What the certificates of clients say that had to show one, each read once. */
export class ClientCertificates {
  readonly #known: WeakMap<Socket, ClientCertificate> = new WeakMap();

  /** @returns what the client of a connection showed */
  of(socket: Socket): ClientCertificate {
    const known = this.#known.get(socket);
    if (known !== undefined) return known;
    const { raw } = (socket as TLSSocket).getPeerCertificate();
    const certificate = describe(new X509Certificate(raw));
    this.#known.set(socket, certificate);
    return certificate;
  }
}

function describe(certificate: X509Certificate): ClientCertificate {
  return {
    names: [...new Set(namesOf(certificate))],
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/**
 * The alternative names that are a host or an address; the common name is none (RFC 9525, section
 * 2). Their text is made for people: on Deno a comma within a name looks like the end of it. So
 * what was read from it counts only when the certificate, asked for that name, has it.
 */
function namesOf(certificate: X509Certificate): string[] {
  const names: string[] = [];
  for (const entry of certificate.subjectAltName?.split(", ") ?? []) {
    const [, kind, name = ""] = /^(DNS|IP Address):([^"\s]+)$/.exec(entry) ?? [];
    if (kind === "DNS" && certificate.checkHost(name, { wildcards: false }) !== undefined) {
      names.push(name.toLowerCase());
    } else if (kind === "IP Address" && certificate.checkIP(name) !== undefined) {
      names.push(addressOf(name));
    }
  }
  return names;
}

/** An address as URLs have it, without brackets; the runtimes write those of IPv6 differently. */
function addressOf(address: string): string {
  if (!address.includes(":")) return address;
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
