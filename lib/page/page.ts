/**
 * The status page: one document that loads nothing but the party's events, and its policy.
 *
 * @module
 */

import { markup } from "./markup.ts";
import { CHARTS } from "./script/charts.ts";
import { FORMAT } from "./script/format.ts";
import { HISTORY } from "./script/history.ts";
import { LIVE } from "./script/live.ts";
import { TABLES } from "./script/tables.ts";
import { VERDICT } from "./script/verdict.ts";
import { VIEWS } from "./script/views.ts";
import { STYLE } from "./style.ts";

/** A document and how to send it. */
export interface Page {
  /** The HTML text. */
  html: string;
  /** The Content-Security-Policy under which it works. */
  policy: string;
}

/** All of the page's script, as one. It puts nothing of the server's into markup. */
export const SCRIPT: string = [
  '"use strict";\n{',
  FORMAT,
  TABLES,
  VIEWS,
  HISTORY,
  CHARTS,
  VERDICT,
  LIVE,
  "}\n",
].join("");

/** @returns the page, with a policy that lets only its own script and style run */
export async function statusPage(): Promise<Page> {
  const [script, style] = await Promise.all([SCRIPT, STYLE].map(hash));
  return {
    html: markup(STYLE, SCRIPT),
    policy: [
      "default-src 'none'",
      `script-src ${script}`,
      `style-src ${style}`,
      "img-src data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join("; "),
  };
}

/** What a policy names a script or style by (CSP Level 3, section 2.3.1). */
async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}
