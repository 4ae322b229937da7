/**
 * The status page's script: its tables, column by column.
 *
 * @module
 */

/** Plain JavaScript, a part of the page's script. */
export const VIEWS = `
/** How long a party may keep another waiting before the page points it out, in milliseconds. */
const LATE_MS = 10_000;
const TONES = {
  pending: "calm", running: "busy", completed: "good", failed: "bad", cancelled: "warn", open: "good",
};

function progressCell(cell) {
  const line = add(cell, "div", "progress");
  const bar = add(line, "progress");
  const percent = add(line, "span");
  const error = add(cell, "details");
  const reason = add(error, "summary");
  const note = add(cell, "small");
  return (item) => {
    const isRunning = item.state === "running";
    line.hidden = !isRunning;
    bar.setAttribute("aria-label", "Progress of " + item.computation_id);
    if (item.progress) bar.value = item.progress.fraction;
    else bar.removeAttribute("value");
    say(percent, item.progress ? Math.floor(item.progress.fraction * 100) + "%" : "");
    say(note, noteOf(item));
    note.hidden = note.textContent === "";
    say(reason, item.error ? item.error.detail : "");
    error.hidden = !item.error;
    error.className = item.state === "failed" ? "error" : "";
  };
}

function noteOf(item) {
  if (item.state === "pending") return "Waits until every party has started it.";
  if (item.state === "running") return item.progress?.note ?? "";
  const ended = "ended " + clock(item.ended_at);
  if (!item.error) return ended;
  const blamed = item.error.rank === null ? "" : " (rank " + item.error.rank + ")";
  return item.error.code + blamed + ", " + ended;
}

function sum(list, field) {
  return list.reduce((total, item) => total + item[field], 0);
}

const showComputations = table("computations", (item) => item.session + "/" + item.computation_id, [
  {
    label: "Computation",
    fill: lines((item) => item.computation_id, (item) => "in session " + item.session),
  },
  { label: "Program", fill: lines((item) => item.program, (item) => "version " + item.version) },
  { label: "State", fill: state((item) => [item.state, TONES[item.state]]) },
  { label: "Progress", className: "wide", fill: progressCell },
  { label: "Elapsed", className: "number", fill: lines((item) => duration(item.elapsed_ms)) },
  {
    label: "Exchanged",
    className: "number",
    fill: lines(
      (item) => bytes(sum(item.traffic, "bytes_sent") + sum(item.traffic, "bytes_received")),
      (item) => counted(
        sum(item.traffic, "messages_sent") + sum(item.traffic, "messages_received"),
        "message",
      ),
    ),
  },
], 50);

const showParties = table("parties", (party) => party.url, [
  {
    label: "Party",
    fill: lines(
      (party) => short(party.url),
      (party) => [party.isOwn ? "this party" : "", party.ranks].filter(Boolean).join(", "),
      "code",
    ),
  },
  {
    label: "Answers",
    fill: state((party) => party.answers ? ["yes", "good"] : ["no answer", "bad"]),
  },
  {
    label: "Latency",
    className: "number",
    fill: lines((party) => party.latency_ms == null ? "–" : brief(party.latency_ms) + " ms"),
  },
  { label: "Version", className: "narrow", fill: lines((party) => party.version ?? "–") },
], 50);

const showSessions = table("sessions", (session) => session.name, [
  {
    label: "Session",
    fill: lines(
      (session) => session.name,
      (session) => counted(session.world_size, "party", "parties"),
    ),
  },
  { label: "This party is", className: "narrow", fill: lines((session) => "rank " + session.rank) },
  { label: "State", fill: state((session) => [session.state, TONES[session.state] ?? "bad"]) },
], 50);

function pendingCell(cell) {
  const none = add(cell, "small");
  const list = add(cell, "ul", "waits");
  say(none, "nothing");
  return ({ peer }) => {
    const shown = peer.pending.slice(0, 5);
    const rest = peer.pending.length - shown.length;
    const items = shown.map((one, at) => ({ ...one, at, more: at === 4 ? rest : 0 }));
    none.hidden = items.length > 0;
    list.hidden = items.length === 0;
    sync(list, items, (item) => String(item.at), () => {
      const node = document.createElement("li");
      const [key, time, more] = [add(node, "code"), add(node, "span"), add(node, "small")];
      return {
        node,
        update: (item) => {
          const [, computation, part] = /^@computations[/]([^:]+):(.*)$/s.exec(item.key) ?? [];
          say(key, part ?? item.key);
          node.title = item.key;
          const where = computation === undefined ? "" : "in " + computation + " ";
          say(time, where + "for " + duration(item.waited_ms));
          time.className = item.waited_ms > LATE_MS ? "late" : "";
          say(more, item.more > 0 ? "and " + integers.format(item.more) + " more" : "");
        },
      };
    });
  };
}

function linkKind({ isSealed, peer: { link } }) {
  return link.kind + (isSealed && link.kind !== "none" ? ", sealed" : "");
}

function linkAge({ peer: { link, traffic } }) {
  return [
    link.age_ms == null ? "" : "open for " + duration(link.age_ms),
    traffic.ack_ms ? "answers in " + duration(traffic.ack_ms.p50) : "",
    traffic.resumes > 0 ? "resumed " + counted(traffic.resumes, "time") : "",
  ].filter(Boolean).join(", ");
}

const showWaits = table("waits", (item) => item.session.name + "/" + item.peer.rank, [
  {
    label: "Other party",
    fill: lines(
      (item) => "rank " + item.peer.rank + " in " + item.session.name,
      (item) => short(item.session.endpoints[item.peer.rank] ?? ""),
    ),
  },
  { label: "Waited for", className: "wide", fill: pendingCell },
  {
    label: "Unread",
    className: "number",
    fill: lines(
      ({ peer }) => counted(peer.unread.messages, "message"),
      ({ peer }) => peer.unread.messages > 0 ? bytes(peer.unread.bytes) : "",
    ),
  },
  { label: "Link", fill: lines(linkKind, linkAge) },
], 50);
`;
