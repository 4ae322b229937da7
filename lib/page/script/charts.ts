/**
 * The status page's script: the history of each other party, drawn.
 *
 * @module
 */

/** Plain JavaScript, a part of the page's script. */
export const CHARTS = `
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HALF] = [600, 30];
/** What is drawn: the counters sent and received, and how a rate is told. */
const QUANTITIES = [
  { name: "messages", sent: 0, received: 2, count: brief, unit: " messages/s" },
  { name: "bytes", sent: 1, received: 3, count: bytes, unit: " per second" },
];

/**
 * One side of a chart, as the outline of an area; a stretch without news is left out.
 *
 * @param {Sample[]} samples
 * @param {number} now
 * @param {number} index
 * @param {(rate: number) => number} height
 */
function outline(samples, now, index, height) {
  let path = "";
  /** @type {string | null} */
  let from = null;
  let to = "";
  const close = () => {
    if (from !== null) path += "L" + to + "," + HALF + "L" + from + "," + HALF + "Z";
    from = null;
  };
  for (const { at, rates } of samples) {
    if (rates === null) {
      close();
      continue;
    }
    const x = (WIDTH * (1 - (now - at) / KEEP_MS)).toFixed(1);
    path += (from === null ? "M" : "L") + x + "," + (HALF - height(rates[index])).toFixed(1);
    from ??= x;
    to = x;
  }
  close();
  return path;
}

function chart(parent, quantity) {
  const figure = add(parent, "figure");
  const caption = add(figure, "figcaption");
  const [rate, total] = [add(caption, "b"), add(caption, "span")];
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 " + WIDTH + " " + 2 * HALF);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  figure.append(svg);
  const [sent, received] = ["sent", "received"].map((className) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", className);
    svg.append(path);
    return path;
  });
  return (peer, now, most) => {
    const { name, unit, count } = quantity;
    const latest = peer.samples.at(-1);
    const rates = latest.at === now ? latest.rates : null; // or no session with it is left
    const [up, down] = [quantity.sent, quantity.received];
    const told = (numbers) => "\\u2191 " + count(numbers[up]) + "  \\u2193 " + count(numbers[down]);
    say(rate, rates === null ? "" : told(rates) + unit);
    say(total, told(peer.totals) + " in all");
    const scale = (HALF - 2) / most;
    sent.setAttribute("d", outline(peer.samples, now, up, (value) => value * scale));
    received.setAttribute("d", outline(peer.samples, now, down, (value) => -value * scale));
    const numbers = rates ?? [0, 0, 0, 0];
    svg.setAttribute(
      "aria-label",
      name + " with " + short(peer.url) + ": " + count(numbers[up]) + " a second sent and " +
        count(numbers[down]) + " received at present",
    );
  };
}

/** Charts of one quantity have one scale, so that parties can be compared. */
function showTraffic({ now, peers }) {
  const items = [...peers.values()].slice(0, 20);
  const most = QUANTITIES.map(({ sent, received }) =>
    items.reduce((top, { samples }) =>
      samples.reduce((top, { rates }) =>
        rates === null ? top : Math.max(top, rates[sent], rates[received]), top), 1)
  );
  byId("traffic").hidden = items.length === 0;
  byId("traffic-empty").hidden = items.length > 0;
  QUANTITIES.forEach(({ name, count }, at) =>
    say(byId(name + "-scale"), name + " per second, up to " + count(most[at]))
  );
  sync(byId("traffic-peers"), items.map((peer) => ({ peer, now, most })), (item) => item.peer.url, () => {
    const node = document.createElement("div");
    const name = add(add(node, "p", "peer"), "code");
    const charts = QUANTITIES.map((quantity) => chart(node, quantity));
    return {
      node,
      update: ({ peer, now, most }) => {
        say(name, short(peer.url));
        charts.forEach((draw, at) => draw(peer, now, most[at]));
      },
    };
  });
}
`;
