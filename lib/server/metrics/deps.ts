/**
 * The package that writes metrics down. It is loaded on the first scrape: it takes longer to load
 * than all the rest of a party.
 *
 * @module
 */

export { Counter, Gauge, type Metric, Registry } from "npm:prom-client@^15.1.3";
