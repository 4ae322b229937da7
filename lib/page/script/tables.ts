/**
 * The status page's script: tables whose rows change in place, so that a selection, the focus and a
 * screen reader stay where they are.
 *
 * @module
 */

/** Plain JavaScript, a part of the page's script. */
export const TABLES = `
/** @param {string} id @returns {any} */
function byId(id) {
  return document.getElementById(id);
}

/** The only way by which anything of the server gets into the page. @param {any} value */
function say(node, value) {
  const text = String(value);
  if (node.textContent !== text) node.textContent = text;
}

/** @param {string} tag @param {string} [className] @returns {any} */
function add(parent, tag, className) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  parent.append(node);
  return node;
}

/**
 * Makes the children of a node one for each item, in their order.
 *
 * @param {any[]} items
 * @param {(item: any) => string} keyOf what makes an item the same as before
 * @param {() => { node: any, update: (item: any) => void }} make
 */
function sync(parent, items, keyOf, make) {
  if (parent.made === undefined) parent.replaceChildren();
  const before = parent.made ?? new Map();
  const after = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    const entry = before.get(key) ?? make();
    before.delete(key);
    after.set(key, entry);
    if (entry.node === place) place = place.nextSibling;
    else parent.insertBefore(entry.node, place);
    entry.update(item);
  }
  for (const { node } of before.values()) node.remove();
  parent.made = after;
}

/**
 * A table of the page.
 *
 * @param {string} id
 * @param {(item: any) => string} keyOf
 * @param {{ label: string, className?: string, fill: (cell: any) => (item: any) => void }[]} columns
 *   the first one names the row
 * @param {number} most how many rows are shown
 * @returns {(items: any[]) => void} shows these
 */
function table(id, keyOf, columns, most) {
  const node = byId(id);
  const head = add(add(node, "thead"), "tr");
  head.parentNode.setAttribute("role", "rowgroup");
  head.setAttribute("role", "row");
  for (const { label, className } of columns) {
    const cell = add(head, "th", className);
    cell.scope = "col";
    cell.setAttribute("role", "columnheader");
    say(cell, label);
  }
  const body = add(node, "tbody");
  body.setAttribute("role", "rowgroup");
  const make = () => {
    const row = document.createElement("tr");
    row.setAttribute("role", "row");
    const updates = columns.map(({ label, className, fill }, at) => {
      const cell = add(row, at === 0 ? "th" : "td", className);
      if (at === 0) cell.scope = "row";
      else cell.dataset.label = label;
      cell.setAttribute("role", at === 0 ? "rowheader" : "cell");
      return fill(cell);
    });
    return { node: row, update: (item) => updates.forEach((update) => update(item)) };
  };
  return (items) => {
    sync(body, items.slice(0, most), keyOf, make);
    node.hidden = items.length === 0;
    byId(id + "-empty").hidden = items.length !== 0;
    byId(id + "-more").hidden = items.length <= most;
    say(byId(id + "-more"), "and " + integers.format(items.length - most) + " more");
  };
}

/**
 * A cell of one or two lines.
 *
 * @param {(item: any) => any} first
 * @param {(item: any) => any} second
 */
function lines(first, second = (_item) => "", tag = "span") {
  return (cell) => {
    const [upper, lower] = [add(cell, tag), add(cell, "small")];
    return (item) => {
      say(upper, first(item));
      say(lower, second(item));
      lower.hidden = lower.textContent === "";
    };
  };
}

/** A cell with a state: never by its colour alone. @param {(item: any) => string[]} read */
function state(read) {
  return (cell) => {
    const pill = add(cell, "span", "state");
    return (item) => {
      const [text, tone] = read(item);
      say(pill, text);
      pill.dataset.tone = tone;
    };
  };
}
`;
