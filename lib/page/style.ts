/**
 * How the status page looks: system fonts, light and dark, wide and narrow.
 *
 * @module
 */

/** The style sheet. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f6f7; --card: #ffffff; --ink: #1b242b; --soft: #56636d; --line: #dde3e7;
  --track: #e6ebee; --accent: #1f5fa8; --second: #0c7a6b; --fill: #1f5fa81f; --fill-second: #0c7a6b1f;
  --good: #17693b; --good-bg: #e4f3ea; --warn: #855000; --warn-bg: #fbf0dc;
  --bad: #a32218; --bad-bg: #fbe6e3; --calm: #47545e; --calm-bg: #e9eef1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12171b; --card: #1a2127; --ink: #e4eaee; --soft: #9aa8b2; --line: #2d373f;
    --track: #2b353d; --accent: #74aef0; --second: #4fc4b0; --fill: #74aef026; --fill-second: #4fc4b026;
    --good: #7bd3a0; --good-bg: #17332a; --warn: #f0be6c; --warn-bg: #3a2d15;
    --bad: #ff9d92; --bad-bg: #44201d; --calm: #b6c2cb; --calm-bg: #29333b;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums;
}
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
code, .mono {
  font: .93em/1.45 ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere;
}
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.visually-hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}

header {
  display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem;
  padding-top: 1.1rem; padding-bottom: .9rem;
}
h1 { display: flex; align-items: center; gap: .55rem; margin: 0; font-size: 1.15rem; }
h1 svg { width: 1.5rem; height: 1.5rem; stroke: var(--accent); fill: none; stroke-width: 2; }
h1 svg circle { fill: var(--page); }
.address { color: var(--soft); overflow-wrap: anywhere; }
.connection { display: flex; align-items: center; gap: .5rem; margin: 0 0 0 auto; }
.connection::before {
  content: ""; width: .6rem; height: .6rem; border-radius: 50%; border: 2px solid var(--soft);
}
[data-connection="live"] .connection { color: var(--good); }
[data-connection="live"] .connection::before { background: var(--good); border-color: var(--good); }
[data-connection="lost"] .connection {
  padding: .3rem .75rem; border-radius: 99px; background: var(--bad-bg); color: var(--bad);
  font-weight: 600;
}
[data-connection="lost"] .connection::before { border-color: var(--bad); }
[data-connection="lost"] main { opacity: .55; }

.verdict {
  display: flex; align-items: baseline; gap: .65rem; margin: 0 0 1rem; padding: .7rem 1rem;
  border-radius: .6rem; background: var(--calm-bg); color: var(--calm); font-size: 1.02rem;
}
.verdict p { margin: 0; }
.verdict p + p { margin-top: .2rem; }
.verdict::before { content: "\\2026"; font-weight: 700; }
.verdict[data-tone="good"] { background: var(--good-bg); color: var(--good); }
.verdict[data-tone="good"]::before { content: "\\2713"; }
.verdict[data-tone="warn"] { background: var(--warn-bg); color: var(--warn); }
.verdict[data-tone="warn"]::before { content: "\\25b2"; font-size: .8em; }
.verdict[data-tone="bad"] { background: var(--bad-bg); color: var(--bad); }
.verdict[data-tone="bad"]::before { content: "\\2715"; }

.facts {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1px;
  margin: 0 0 1rem; border: 1px solid var(--line); border-radius: .6rem; overflow: hidden;
  background: var(--line);
}
.facts > div { padding: .6rem 1rem; background: var(--card); }
.facts dt { color: var(--soft); font-size: .86rem; }
.facts dd { margin: 0; font-size: 1.12rem; font-weight: 600; }
.facts dd + dd { color: var(--soft); font-size: .86rem; font-weight: 400; }

.grid { display: grid; grid-template-columns: 3fr 2fr; gap: 0 1rem; align-items: start; }
section.card {
  min-width: 0; margin: 0 0 1rem; border: 1px solid var(--line); border-radius: .6rem;
  background: var(--card);
}
.card > h2 { margin: 0; padding: .7rem 1rem .15rem; font-size: 1rem; }
.card > p { margin: 0; padding: 0 1rem .6rem; color: var(--soft); }
.card > p.empty, .card > p.more { padding: .5rem 1rem .8rem; border-top: 1px solid var(--line); }

table { width: 100%; border-collapse: collapse; }
th, td { padding: .5rem .6rem; text-align: left; vertical-align: top; }
th:first-child, td:first-child { padding-left: 1rem; }
th:last-child, td:last-child { padding-right: 1rem; }
thead th { padding-top: .2rem; padding-bottom: .3rem; color: var(--soft); font-size: .86rem; font-weight: 500; }
tbody tr { border-top: 1px solid var(--line); }
tbody th { font-weight: 600; overflow-wrap: anywhere; }
td small, th small { display: block; color: var(--soft); font-size: .86rem; font-weight: 400; }
td small { overflow-wrap: anywhere; }
.narrow { white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
thead .wide { width: 34%; }

.state {
  display: inline-flex; align-items: baseline; gap: .35rem; padding: .02rem .55rem;
  border-radius: 99px; background: var(--calm-bg); color: var(--calm); white-space: nowrap;
}
.state::before { content: "\\25cb"; font-size: .8em; }
.state[data-tone="good"] { background: var(--good-bg); color: var(--good); }
.state[data-tone="good"]::before { content: "\\2713"; }
.state[data-tone="warn"] { background: var(--warn-bg); color: var(--warn); }
.state[data-tone="warn"]::before { content: "\\25b2"; }
.state[data-tone="bad"] { background: var(--bad-bg); color: var(--bad); }
.state[data-tone="bad"]::before { content: "\\2715"; }
.state[data-tone="busy"] { background: var(--fill); color: var(--accent); }
.state[data-tone="busy"]::before { content: "\\25b6"; }
.late { color: var(--warn); font-weight: 600; }
.error { color: var(--bad); }
summary { list-style: none; cursor: pointer; overflow-wrap: anywhere; }
summary::-webkit-details-marker { display: none; }
details:not([open]) > summary {
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
}

.progress { display: flex; align-items: center; gap: .6rem; }
.progress span { min-width: 2.6rem; text-align: right; }
progress {
  flex: 1; min-width: 4rem; height: .5rem; border: 0; border-radius: 99px; overflow: hidden;
  appearance: none; background: var(--track); color: var(--accent);
}
progress::-webkit-progress-bar { background: var(--track); }
progress::-webkit-progress-value {
  border-radius: 99px; background: var(--accent); transition: width .4s ease-out;
}
progress::-moz-progress-bar { border-radius: 99px; background: var(--accent); }

.waits { margin: 0; padding: 0; list-style: none; }
.waits li { display: flex; flex-wrap: wrap; gap: 0 .6rem; }

.traffic { display: grid; grid-template-columns: minmax(9rem, 1fr) 2fr 2fr; gap: 0 1.25rem; padding: 0 1rem .4rem; }
.traffic div { display: contents; }
.traffic .scale { margin: 0; padding-bottom: .3rem; color: var(--soft); font-size: .86rem; }
.traffic .peer, .traffic figure { margin: 0; padding: .6rem 0; border-top: 1px solid var(--line); min-width: 0; }
.traffic .peer { font-weight: 600; overflow-wrap: anywhere; }
.traffic small { display: block; color: var(--soft); font-size: .86rem; font-weight: 400; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; font-size: .86rem; color: var(--soft); }
figcaption b { color: var(--ink); font-weight: 600; }
figure svg { display: block; width: 100%; height: 3.6rem; margin-top: .25rem; background: linear-gradient(var(--line), var(--line)) 0 50% / 100% 1px no-repeat; }
figure path { stroke-width: 1.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.sent { stroke: var(--accent); fill: var(--fill); }
.received { stroke: var(--second); fill: var(--fill-second); }
.key::before {
  content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .35em; border-radius: 2px;
  background: var(--accent);
}
.key.second::before { background: var(--second); }

footer { padding-top: .25rem; padding-bottom: 2rem; color: var(--soft); }
footer p { margin: 0 0 .2rem; }

@media (max-width: 56rem) { .grid { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 44rem) {
  header, main, footer { padding-left: .75rem; padding-right: .75rem; }
  .connection { margin-left: 0; }
  .facts { grid-template-columns: repeat(2, 1fr); }
  .facts > div:last-child:nth-child(odd) { grid-column: span 2; }
  table, tbody, tr, th, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { padding: .5rem 1rem; }
  tbody tr > [role] { padding: .12rem 0; text-align: left; white-space: normal; }
  tbody td[data-label] { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); }
  tbody td[data-label]::before { content: attr(data-label); color: var(--soft); }
  tbody td[data-label] > * { grid-column: 2; justify-self: start; }
  tbody td[data-label] > :first-child { grid-row: 1; }
  tbody td[data-label] > .progress { justify-self: stretch; }
  .traffic { grid-template-columns: minmax(0, 1fr); }
  .traffic .scale { display: none; }
  .traffic figure { border-top: 0; padding-top: 0; }
}
@media (prefers-reduced-motion: reduce) { progress::-webkit-progress-value { transition: none; } }
`;
