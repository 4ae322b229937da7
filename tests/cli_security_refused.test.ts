import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { partylineIn, startPartyline } from "./helpers/cluster.ts";
import { partyline } from "./helpers/command_line.ts";
import { Authority } from "./helpers/certificates.ts";
import {
  freeUrls,
  keygen,
  listensAt,
  makeList,
  refused,
  startKeyed,
  writeList,
} from "./helpers/keyed.ts";

const folder = await mkdtemp(`${tmpdir()}/partyline-refused-`);
test.after(() => rm(folder, { recursive: true }));
const path = (name: string) => `${folder}/${name}`;

const [url] = await freeUrls(1) as [string];
const port = Number(new URL(url).port);
const list = await makeList(folder, [url, "http://127.0.0.1:2"]);
await writeList(folder, "parties.json", list);
await writeList(folder, "bare.json", { parties: [{ id: "a", url }] });
await writeList(folder, "renamed.json", { parties: [{ ...list.parties[0], id: "z" }] });
await keygen(folder, "stranger");
await keygen(folder, "mallory", "--kind=operator");
await keygen(folder, "open");
await chmod(path("open.key.json"), 0o644);

const authority = await Authority.create("test");
const [own, other] = await Promise.all(["own", "other"].map((name) => authority.issue(name)));
await writeFile(path("cert.pem"), own!.cert);
await writeFile(path("cert.key.pem"), own!.key);
await writeFile(path("other.key.pem"), other!.key);
await writeFile(path("ca.pem"), authority.ca);
await writeFile(path("none.pem"), "this is no certificate");

const KEYED = ["--config=parties.json", "--key=a.key.json"];
const CERT = "--tls-cert=cert.pem";

/** What is wrong, the options of `serve` in the folder, the exit code, and what is said. */
const REFUSED: [string, string[], 1 | 2, RegExp][] = [
  [
    "a key file that others may read",
    ["--config=parties.json", "--key=open.key.json"],
    1,
    /its mode is 0644; run: chmod 600 .*open\.key\.json/,
  ],
  [
    "a key that is not there",
    ["--config=parties.json", "--key=none.key.json"],
    1,
    /Cannot read .*none\.key\.json/,
  ],
  [
    "the key of nobody in the list",
    ["--config=parties.json", "--key=stranger.key.json"],
    2,
    /Cannot be party stranger: no party in .*parties\.json has the key of .*stranger\.key\.json/,
  ],
  [
    "an operator's key",
    ["--config=parties.json", "--key=alice.key.json"],
    1,
    /alice\.key\.json: it is the key of an operator, and that of a party is needed/,
  ],
  [
    "a key whose id is another in the list",
    ["--config=renamed.json", "--key=a.key.json"],
    2,
    /Cannot be party a: .*renamed\.json gives the key of .*a\.key\.json to z; correct the id/,
  ],
  [
    "a rank that is another's",
    [...KEYED, "--rank=1"],
    2,
    /Cannot be rank 1: the key is of a, which is rank 0/,
  ],
  ["a list with keys and no key", ["--config=parties.json"], 2, /has keys: .* --key FILE/],
  ["the same with a rank", ["--config=parties.json", "--rank=0"], 2, /has keys: .* --key FILE/],
  ["a key without a list", ["--key=a.key.json"], 2, /--key needs --config/],
  [
    "a key and a list without keys",
    ["--config=bare.json", "--key=a.key.json"],
    2,
    /Cannot use .*a\.key\.json, as .*bare\.json has no keys/,
  ],
  ["the network without keys", ["--host=0.0.0.0"], 2, /Cannot listen on 0\.0\.0\.0 without keys/],
  [
    "the network and a list without keys",
    ["--host=0.0.0.0", "--config=bare.json", "--rank=0"],
    2,
    /without keys, .*--insecure/,
  ],
  ["--insecure with keys", [...KEYED, "--insecure"], 2, /--insecure is for a party without keys/],
  ["--mutual-tls alone", [...KEYED, "--mutual-tls"], 2, /--mutual-tls needs --tls-cert/],
  [
    "--mutual-tls without an authority",
    [...KEYED, "--mutual-tls", CERT, "--tls-key=cert.key.pem"],
    2,
    /--mutual-tls needs .* --tls-ca/,
  ],
  ["a certificate without its key", [...KEYED, CERT], 2, /--tls-cert and --tls-key need each/],
  ["a key of TLS alone", [...KEYED, "--tls-key=cert.key.pem"], 2, /--tls-cert and --tls-key need/],
  [
    "a certificate that is not there",
    [...KEYED, "--tls-cert=lost.pem", "--tls-key=cert.key.pem"],
    1,
    /Cannot read .*lost\.pem/,
  ],
  [
    "a certificate that is none",
    [...KEYED, "--tls-cert=none.pem", "--tls-key=cert.key.pem"],
    1,
    /Cannot use .*none\.pem.*: Cannot read the certificate/,
  ],
  [
    "a certificate with another's key",
    [...KEYED, CERT, "--tls-key=other.key.pem"],
    1,
    /Cannot use .*cert\.pem with .*other\.key\.pem: .*the key of another/,
  ],
  [
    "an authority that is none",
    [...KEYED, "--tls-ca=none.pem"],
    1,
    /Cannot use .*none\.pem: Cannot read the certificate of an authority/,
  ],
];

/** A party that was not refused would serve until it is stopped. */
function unlessLate<T>(command: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("It was not refused within 20 seconds")), 20_000);
  });
  return Promise.race([command, late]).finally(() => clearTimeout(timer));
}

/** Options that name files, with the folder before them. */
function inFolder(args: readonly string[]): string[] {
  return args.map((arg) => arg.replace(/=(.*\.(json|pem))$/, `=${folder}/$1`));
}

for (const [what, args, code, message] of REFUSED) {
  test(`serve refuses ${what} in one line with ${code}, and nothing listens`, async () => {
    const command = partyline("serve", `--port=${port}`, ...inFolder(args));
    assert.match(refused(await unlessLate(command), code), message);
    assert.is(await listensAt(port), false);
  });
}

test("the same in processes of their own, which end by themselves", async () => {
  const [open, network] = await Promise.all([
    partylineIn(folder, "--config=parties.json", "--key=open.key.json"),
    partylineIn(folder, "serve", "--host=0.0.0.0", "--port=0"),
  ]);
  assert.match(refused(open, 1), "chmod 600 open.key.json");
  assert.match(refused(network, 2), "Cannot listen on 0.0.0.0 without keys");
});

const OF_OPERATORS: [string, string[], 1 | 2, RegExp][] = [
  ["a party's key", ["--operator-key=a.key.json"], 1, /key of a party.* an operator is needed/],
  ["the key of nobody in the list", ["--operator-key=mallory.key.json"], 2, /no operator in .*has/],
  ["a key file that others may read", ["--operator-key=open.key.json"], 1, /chmod 600/],
  [
    "a key and a list without keys",
    ["--config=bare.json", "--operator-key=alice.key.json"],
    2,
    /Cannot sign with .*alice\.key\.json, as .*bare\.json has no keys/,
  ],
  [
    "a certificate without its key",
    ["--operator-key=alice.key.json", CERT],
    2,
    /--tls-cert and --tls-key need each other/,
  ],
];

for (const [what, args, code, message] of OF_OPERATORS) {
  test(`a command of operators refuses ${what} in one line with ${code}`, async () => {
    const result = await partyline("status", ...inFolder(["--config=parties.json", ...args]));
    assert.match(refused(result, code), message);
  });
}

/** Starts one that listens, and ends it. @returns what it said on standard error, line by line */
async function warningsOf(...args: string[]): Promise<string[]> {
  const party = startPartyline("serve", "--json", ...inFolder(args));
  const { event } = JSON.parse(await party.line());
  assert.is(event, "listening");
  party.kill("SIGTERM");
  assert.is(await party.exited, 0, party.stderr);
  return party.stderr.split("\n").filter((line) => line !== "");
}

test("--insecure warns at every start, on loopback and where nothing else is logged, too", async () => {
  const quiet = ["--insecure", "--port=0", "--log=none"];
  const [first, again, errors, json] = await Promise.all([
    warningsOf(...quiet),
    warningsOf(...quiet),
    warningsOf("--insecure", "--port=0", "--log-level=error"),
    warningsOf("--insecure", "--port=0", "--log=json"),
  ]);
  for (const said of [first, again, errors]) {
    assert.is(said.length, 1);
    assert.match(said[0]!, /warn .*insecure: whoever reaches it can drive it, read its values and/);
  }
  const records = json.map((line) => JSON.parse(line)).filter(({ level }) => level === "warn");
  assert.is(records.length, 1);
  assert.match(records[0].message, "This party is insecure");
});

test("a party that the network reaches warns when it has no TLS", async () => {
  const [bare, plain, secure] = await Promise.all([
    warningsOf("--insecure", "--host=0.0.0.0", "--port=0", "--log=none"),
    warningsOf(...KEYED, "--host=0.0.0.0", "--port=0", "--log=none"),
    warningsOf(
      ...[...KEYED, "--host=0.0.0.0", "--port=0", "--log=none", CERT, "--tls-key=cert.key.pem"],
    ),
  ]);
  assert.is(bare.length, 2);
  assert.match(bare[1]!, /warn .*No TLS on 0\.0\.0\.0/);
  assert.is(plain.length, 1);
  assert.match(plain[0]!, /No TLS on 0\.0\.0\.0: .*--tls-cert and --tls-key/);
  assert.equal(secure, []);
});

test("a party that is listed with https and has no TLS warns that a gateway has to add it", async () => {
  const [first, second] = ["https://127.0.0.1:1", "http://127.0.0.1:2"];
  const args = [`--endpoints=${first},${second}`, "--port=0", "--log=none"];
  const [listed, secure, other] = await Promise.all([
    warningsOf(...args, "--rank=0"),
    warningsOf(...args, "--rank=0", CERT, "--tls-key=cert.key.pem"),
    warningsOf(...args, "--rank=1"),
  ]);
  assert.is(listed.length, 1);
  assert.match(listed[0]!, /warn .*listed as https:\/\/127\.0\.0\.1:1 .*: a gateway has to add it/);
  assert.equal([secure, other], [[], []]);
});

test("keys on loopback are nothing to warn of", async () => {
  const [party] = await startKeyed(folder, { ...list, parties: list.parties.slice(0, 1) });
  assert.is(await listensAt(port), true);
  party!.kill("SIGTERM");
  assert.equal([await party!.exited, party!.stderr], [0, ""]);
});

test.run();
