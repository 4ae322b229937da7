/**
 * Counters of what goes to and comes from each rank.
 *
 * @module
 */

import type { PeerStats } from "./communicator.ts";

/** @returns counters at zero, one set a rank */
export function emptyStats(worldSize: number): PeerStats[] {
  return Array.from({ length: worldSize }, () => ({
    messagesSent: 0,
    bytesSent: 0,
    messagesReceived: 0,
    bytesReceived: 0,
    retries: 0,
    duplicatesDropped: 0,
  }));
}

/** Counts a message that the peer has acknowledged. */
export function countSent(stats: PeerStats, bytes: number): void {
  stats.messagesSent++;
  stats.bytesSent += bytes;
}

/** Counts a message that was taken from the peer. */
export function countReceived(stats: PeerStats, bytes: number): void {
  stats.messagesReceived++;
  stats.bytesReceived += bytes;
}
