/**
 * The status page's script: the party's events, and what is shown while they do not come.
 *
 * @module
 */

/** Plain JavaScript, a part of the page's script. */
export const LIVE = `
/** Events come each second; without one for this long the connection is taken for lost. */
const SILENCE_MS = 8_000;
const RETRY_MS = 2_000;
const traffic = new Traffic();
/** @type {EventSource} */
let source;
let triedAt = 0;
let heardAt = 0;

function ownRanks({ sessions }, url) {
  const ranks = new Set();
  let isOwn = false;
  for (const { rank, endpoints } of sessions) {
    endpoints.forEach((endpoint, at) => {
      if (endpoint !== url) return;
      ranks.add(at);
      isOwn ||= at === rank;
    });
  }
  return { isOwn, ranks: ranks.size === 0 ? "" : "rank " + [...ranks].join(", ") };
}

function showFacts(status) {
  const { parties, computations } = status;
  const facts = {
    ready: [status.ready ? "Ready" : "Ending", "up " + duration(status.uptime_s * 1000)],
    answering: [
      parties.filter(({ answers }) => answers).length + " of " + parties.length,
      counted(status.sessions.length, "session"),
    ],
    running: [computations.running, computations.pending + " waiting for others"],
    completed: [integers.format(computations.completed), "computations"],
    failed: [integers.format(computations.failed), computations.cancelled + " cancelled"],
    exchanged: [
      bytes(status.traffic.bytes_sent + status.traffic.bytes_received),
      counted(status.traffic.messages_sent + status.traffic.messages_received, "message"),
    ],
  };
  for (const [id, [value, note]] of Object.entries(facts)) {
    say(byId(id), value);
    say(byId(id + "-note"), note);
  }
  const programs = status.programs.map(({ name, version }) => name + " " + version).join(", ");
  say(
    byId("programs"),
    "Partyline " + status.version + ", started " + clock(status.started_at) + ". Programs: " +
      (programs || "none") + "." + (hasKeys(status)
        ? " It has keys: links are sealed, and it takes what operators sign. Its list of parties has the " +
          "fingerprint " + status.config_fingerprint + "."
        : ""),
  );
}

function hasKeys({ config_fingerprint }) {
  return typeof config_fingerprint === "string";
}

/** As the other parties have it; this page may have come by way of another address. */
function addressOf({ sessions }) {
  const [endpoint] = sessions.map(({ rank, endpoints }) => endpoints[rank]).reverse();
  return endpoint ? short(endpoint) : location.host;
}

/** The running ones first, then the latest. */
function computationsOf({ sessions }) {
  const rank = ({ state }) => state === "running" ? 0 : state === "pending" ? 1 : 2;
  return sessions
    .flatMap(({ name, computations }) => computations.map((item) => ({ ...item, session: name })))
    .sort((one, other) =>
      rank(one) - rank(other) || (other.created_at < one.created_at ? -1 : 1)
    );
}

function show(status) {
  const sessions = status.sessions.toReversed();
  traffic.add(status);
  say(byId("address"), addressOf(status));
  showVerdict(status);
  showFacts(status);
  showComputations(computationsOf(status));
  showParties(status.parties.map((party) => ({ ...party, ...ownRanks(status, party.url) })));
  showSessions(sessions);
  const open = sessions.filter(({ state }) => state === "open");
  const isSealed = hasKeys(status);
  showWaits(open.flatMap((session) => session.peers.map((peer) => ({ session, peer, isSealed }))));
  showTraffic(traffic);
}

/** @param {"live" | "lost"} state */
function setConnection(state) {
  document.body.dataset.connection = state;
  say(byId("connection"), state === "live" ? "Live" : "Connection lost, retrying");
  const isOld = state === "lost" && heardAt > 0;
  say(byId("age"), isOld ? "· shown as of " + clock(heardAt) : "");
}

function connect() {
  source?.close();
  triedAt = Date.now();
  source = new EventSource("events");
  source.addEventListener("status", (event) => {
    heardAt = Date.now();
    show(JSON.parse(event.data));
    setConnection("live");
  });
  source.addEventListener("error", () => setConnection("lost"));
}

/** The browser itself retries only what was cut, neither what was refused nor what is silent. */
function watch() {
  const isSilent = Date.now() - Math.max(heardAt, triedAt) > SILENCE_MS;
  if (isSilent) setConnection("lost");
  if (source.readyState === EventSource.CLOSED || isSilent) connect();
}

say(byId("address"), location.host);
connect();
setInterval(watch, RETRY_MS);
`;
