/**
 * The status page's script: numbers, times and names as people read them.
 *
 * @module
 */

/** Plain JavaScript, a part of the page's script. */
export const FORMAT = `
const integers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** @param {number} count */
function counted(count, one, many = one + "s") {
  return integers.format(count) + " " + (count === 1 ? one : many);
}

/** A few digits, however large. @param {number} value */
function brief(value) {
  return (value < 10 ? tenths : integers).format(value);
}

/** @param {number} count */
function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (count >= 999.5 && at < units.length - 1) {
    count /= 1000;
    at++;
  }
  return (at === 0 ? integers.format(count) : brief(count)) + " " + units[at];
}

/** @param {number} ms */
function duration(ms) {
  if (ms < 995) return brief(ms) + " ms";
  if (ms < 9950) return (ms / 1000).toFixed(1) + " s";
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return seconds + " s";
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes + " min " + seconds % 60 + " s";
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return hours + " h " + minutes % 60 + " min";
  return Math.floor(hours / 24) + " d " + hours % 24 + " h";
}

/** The date only where it is another day. @param {string | number} time */
function clock(time) {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? date.toLocaleTimeString() : date.toLocaleString();
}

/** An endpoint without what goes without saying. @param {string} url */
function short(url) {
  return url.replace(/^http:[/][/]/, "").replace(/[/]$/, "");
}
`;
