/**
 * What the status page is made of, before its script fills it in.
 *
 * @module
 */

/** A small icon, three parties joined, in the page itself. */
const ICON = `data:image/svg+xml,${
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#1f5fa8" ' +
      'stroke-width="2.5"><path d="M12 5 4 19h16z"/><circle cx="12" cy="5" r="3" fill="#fff"/>' +
      '<circle cx="4.5" cy="18.5" r="3" fill="#fff"/><circle cx="19.5" cy="18.5" r="3" ' +
      'fill="#fff"/></svg>',
  )
}`;

const LOGO = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5 4.5 18.5h15z"/>` +
  `<circle cx="12" cy="5" r="3"/><circle cx="4.5" cy="18.5" r="3"/>` +
  `<circle cx="19.5" cy="18.5" r="3"/></svg>`;

/** One number, with a name above it and a remark below. */
function fact(id: string, name: string): string {
  return `<div><dt>${name}</dt><dd id="${id}">&ndash;</dd><dd id="${id}-note"></dd></div>`;
}

/** A part of the page with one table, whose head and rows the script makes. */
function tableCard(id: string, title: string, about: string, empty: string): string {
  return `<section class="card" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
<p>${about}</p>
<table id="${id}" role="table" aria-labelledby="${id}-title" hidden></table>
<p class="more" id="${id}-more" hidden></p>
<p class="empty" id="${id}-empty">${empty}</p>
</section>`;
}

/**
 * @param style the style sheet
 * @param script the script
 * @returns the whole document; both are in it as they are
 */
export function markup(style: string, script: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Partyline</title>
<link rel="icon" href="${ICON}">
<style>${style}</style>
</head>
<body data-connection="connecting">
<header>
<h1>${LOGO}Partyline</h1>
<span class="address">this party: <code id="address"></code></span>
<p class="connection"><span id="connection" role="status">Connecting</span> <span id="age"></span></p>
</header>
<main>
<noscript><p>This page needs JavaScript. The same as JSON is at <a href="status">status</a>.</p></noscript>
<div class="verdict" id="verdict" role="status"><div id="verdict-lines"><p>Waiting for this party's first report.</p></div></div>
<dl class="facts">
${fact("ready", "This party")}
${fact("answering", "Parties that answer")}
${fact("running", "Running")}
${fact("completed", "Completed")}
${fact("failed", "Failed")}
${fact("exchanged", "Exchanged")}
</dl>
${
    tableCard(
      "computations",
      "Computations",
      "Joint calculations that this party takes part in, the running ones first.",
      "There is none yet.",
    )
  }
<div class="grid">
${
    tableCard(
      "parties",
      "Parties",
      "Who takes part, and whether each answers this party.",
      "No session names any party yet.",
    )
  }
${
    tableCard(
      "sessions",
      "Sessions",
      "What the parties do together, each under a name.",
      "There is none yet.",
    )
  }
</div>
${
    tableCard(
      "waits",
      "Who waits for whom",
      "What this party waits for from each other party, and what came that nothing here has read yet.",
      "There is no other party in any open session.",
    )
  }
<section class="card" aria-labelledby="traffic-title">
<h2 id="traffic-title">Traffic of the last 5 minutes</h2>
<p><span class="key">sent, above the line</span> &ensp;<span class="key second">received, below it</span></p>
<div class="traffic" id="traffic" hidden>
<div><p class="scale"></p><p class="scale" id="messages-scale"></p><p class="scale" id="bytes-scale"></p></div>
<div id="traffic-peers"></div>
</div>
<p class="empty" id="traffic-empty">There is no other party in any session.</p>
</section>
</main>
<footer>
<p id="programs"></p>
<p>For programs: <a href="status">status</a>, <a href="metrics">metrics</a>, <a href="openapi.json">openapi.json</a>. No input, share or result is shown here.</p>
</footer>
<script>${script}</script>
</body>
</html>
`;
}
