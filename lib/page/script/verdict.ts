/**
 * The status page's script: what all of it comes to, in a sentence or two.
 *
 * @module
 */

/** Plain JavaScript, a part of the page's script. */
export const VERDICT = `
/** What needs somebody's attention, the gravest first; each with its tone. */
function troubles(status) {
  const found = [];
  if (!status.ready) found.push(["warn", "This party is ending, and takes no new work."]);
  for (const { url, answers } of status.parties) {
    if (!answers) found.push(["bad", "The party at " + short(url) + " does not answer."]);
  }
  for (const { name, state } of status.sessions) {
    if (state === "failed") found.push(["bad", "Session " + name + " has failed; it has to be deleted and created again."]);
  }
  for (const { session, url, ms } of lateParties(status)) {
    const what = "This party has waited for " + short(url) + " for more than " + minutes(ms);
    found.push(["warn", what + " (session " + session + ")."]);
  }
  return found.sort(([one], [other]) => one === other ? 0 : one === "bad" ? -1 : 1);
}

function lateParties({ sessions }) {
  return sessions.filter(({ state }) => state === "open").flatMap(({ name, endpoints, peers }) =>
    peers.map(({ rank, pending }) => ({
      session: name,
      url: endpoints[rank] ?? "",
      ms: Math.max(0, ...pending.map(({ waited_ms }) => waited_ms)),
    })).filter(({ ms }) => ms > LATE_MS)
  );
}

/** In steps, so that a screen reader does not hear of it each second. */
function minutes(ms) {
  return ms < 60_000 ? "10 seconds" : counted(Math.floor(ms / 60_000), "minute");
}

function showVerdict(status) {
  const found = troubles(status);
  const tone = found[0]?.[0] ?? "good";
  const { running, pending } = status.computations;
  const shown = found.slice(0, 4).map(([, text]) => text);
  if (found.length > 4) shown.push("And " + integers.format(found.length - 4) + " more.");
  if (found.length === 0) {
    const work = running > 0
      ? counted(running, "computation") + (running === 1 ? " is" : " are") + " running."
      : pending > 0
      ? counted(pending, "computation") + (pending === 1 ? " waits" : " wait") + " for the other parties."
      : "Nothing is running.";
    const parties = status.parties.length > 1 ? "All parties answer. " : "";
    shown.push(parties + work);
  }
  byId("verdict").dataset.tone = tone;
  sync(byId("verdict-lines"), shown.map((text, at) => ({ text, at })), ({ at }) => String(at), () => {
    const node = document.createElement("p");
    return { node, update: ({ text }) => say(node, text) };
  });
  document.title = (found.length > 0 ? "(!) " : running > 0 ? "(" + running + ") " : "") + "Partyline";
}
`;
