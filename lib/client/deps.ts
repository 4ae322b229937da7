/**
 * What only the client imports of third parties.
 *
 * @module
 */

export { createParser } from "npm:eventsource-parser@^3.1.1";
