/**
 * A headless Chromium, as tests see it.
 *
 * @module
 */

import { AssertionError } from "node:assert/strict";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findBrowser } from "../../scripts/browser.ts";

/** Whatever runs the tests may be root, and in a container; nothing is asked of the network. */
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page, and what it has complained of. */
export interface Watched {
  /** The page. */
  page: Page;
  /** What it wrote to its console as an error, refusals of its policy among them, and what it threw. */
  complaints: string[];
}

/** @returns a browser with an empty profile of its own */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) {
    throw new AssertionError({ message: "needs Chromium: install the package chromium" });
  }
  return await chromium.launch({ executablePath, args: ARGUMENTS });
}

/** @returns an empty page in a context of its own */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { page, complaints };
}
