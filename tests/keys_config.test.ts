import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../lib/security/config.ts";
import { generateKey, type KeyText } from "../lib/security/keys/keys.ts";

const partyKeys = await Promise.all(Array.from({ length: 6 }, () => generateKey("party")));
const operatorKeys = await Promise.all(Array.from({ length: 4 }, () => generateKey("operator")));
const secrets = [...partyKeys, ...operatorKeys].map(({ privateKey }) => privateKey);

interface Raw {
  parties: Record<string, unknown>[];
  operators?: Record<string, unknown>[];
}

/** A good list, anew each time. */
function good(): Required<Raw> {
  const key = (keys: KeyText[], at: number) => keys[at]!.publicKey;
  return {
    parties: [
      { id: "hospital-a", url: "https://a.example", public_key: key(partyKeys, 0) },
      { id: "hospital-b", url: "https://b.example/mpc", public_key: key(partyKeys, 1) },
      { id: "hospital-c", url: "http://10.0.0.3:8000", public_key: key(partyKeys, 2) },
    ],
    operators: [
      { id: "alice", public_key: key(operatorKeys, 0), allow: ["read", "run"] },
      { id: "bob", public_key: key(operatorKeys, 1), allow: ["admin"] },
    ],
  };
}

async function refusal(text: string): Promise<string> {
  try {
    await parseConfig(text, "parties.json");
  } catch (error) {
    assert.is((error as { code?: string }).code, "INVALID_REQUEST", String(error));
    const { message } = error as Error;
    assert.match(message, /^Cannot take parties\.json: [^\n]+$/);
    return message;
  }
  return assert.unreachable("it was taken") as never;
}

test("a list is taken, by rank, with its URLs as sessions have them", async () => {
  const raw = good();
  raw.parties[1]!["url"] = "HTTPS://B.example:443/mpc/";
  raw.operators[0]!["allow"] = ["run", "read"];
  const config = await parseConfig(JSON.stringify(raw), "parties.json");
  assert.is(config.hasKeys, true);
  assert.equal(config.parties[1], {
    id: "hospital-b",
    url: "https://b.example/mpc",
    publicKey: partyKeys[1]!.publicKey,
  });
  assert.equal(config.operators, [
    { id: "alice", publicKey: operatorKeys[0]!.publicKey, allow: ["read", "run"] },
    { id: "bob", publicKey: operatorKeys[1]!.publicKey, allow: ["admin"] },
  ]);
  assert.is(config.fingerprint, (await parseConfig(JSON.stringify(good()), "it")).fingerprint);
});

test("a list without any key is one without keys", async () => {
  const parties = [{ id: "a", url: "http://a" }, { id: "b", url: "http://b" }];
  for (const raw of [{ parties }, { parties, operators: [] }]) {
    const config = await parseConfig(JSON.stringify(raw), "it");
    assert.equal([config.hasKeys, config.operators, config.parties], [false, [], parties]);
  }
});

const LONG_KEY = `${"A".repeat(60)}`;
const BAD: [string, (raw: Required<Raw>) => unknown, RegExp][] = [
  [
    "an id twice",
    (raw) => raw.parties[2]!["id"] = "hospital-a",
    /parties\[2\]\.id is .*parties\[0\]/,
  ],
  ["an operator's id twice", (raw) => raw.operators[1]!["id"] = "alice", /operators\[1\]\.id is/],
  [
    "an operator named as a party",
    (raw) => raw.operators[0]!["id"] = "hospital-b",
    /operators\[0\]/,
  ],
  [
    "a key twice",
    (raw) => raw.parties[1]!["public_key"] = partyKeys[0]!.publicKey,
    /parties\[1\]\.public_key is that of parties\[0\]/,
  ],
  [
    "an operator's key twice",
    (raw) => raw.operators[1]!["public_key"] = operatorKeys[0]!.publicKey,
    /operators\[1\]\.public_key is that of operators\[0\]/,
  ],
  ["a URL twice", (raw) => raw.parties[1]!["url"] = "https://A.example:443/", /parties\[1\]\.url/],
  ["a URL of no party", (raw) => raw.parties[1]!["url"] = "ftp://b", /parties\[1\]\.url: use the/],
  ["no URL", (raw) => delete raw.parties[1]!["url"], /parties\[1\]\.url is missing/],
  ["an id that is no name", (raw) => raw.parties[0]!["id"] = "a b", /parties\[0\]\.id: use 1 to/],
  ["no id", (raw) => delete raw.operators[0]!["id"], /operators\[0\]\.id is missing/],
  [
    "one party without a key",
    (raw) => delete raw.parties[1]!["public_key"],
    /parties\[1\].*missing/,
  ],
  [
    "operators, but no keys of parties",
    (raw) => raw.parties.forEach((party) => delete party["public_key"]),
    /parties\[0\]\.public_key is missing/,
  ],
  ["an operator without a key", (raw) => delete raw.operators[0]!["public_key"], /is missing/],
  ["no right", (raw) => raw.operators[0]!["allow"] = [], /operators\[0\]\.allow: use some of/],
  ["no rights", (raw) => delete raw.operators[0]!["allow"], /operators\[0\]\.allow is missing/],
  ["an unknown right", (raw) => raw.operators[0]!["allow"] = ["root"], /allow\[0\]: use some of/],
  ["a right twice", (raw) => raw.operators[0]!["allow"] = ["run", "run"], /each once/],
  ["an unknown field", (raw) => (raw as never as { x: 1 }).x = 1, /field x is unknown/],
  [
    "an unknown field of a party",
    (raw) => raw.parties[0]!["key"] = "",
    /parties\[0\]\.key is unknown/,
  ],
  ["rights of a party", (raw) => raw.parties[0]!["allow"] = ["run"], /allow is unknown/],
  ["an operator's URL", (raw) => raw.operators[0]!["url"] = "http://a", /url is unknown/],
  ["no party", (raw) => raw.parties = [], /parties: give 1 to 1024/],
  ["no list of parties", (raw) => delete (raw as Partial<Raw>).parties, /parties is missing/],
  [
    "too many parties",
    (raw) =>
      raw.parties = Array.from(
        { length: 1025 },
        (_, at) => ({ id: `p${at}`, url: `http://p${at}` }),
      ),
    /parties: give 1 to 1024/,
  ],
  ["a short key", (raw) => raw.parties[0]!["public_key"] = "AAAA", /parties\[0\].*43 letters/],
  ["a long key", (raw) => raw.parties[0]!["public_key"] = LONG_KEY, /43 letters/],
  ["a padded key", (raw) => raw.parties[0]!["public_key"] += "=", /43 letters/],
  ["a key in hex", (raw) => raw.parties[0]!["public_key"] = "ab".repeat(32), /43 letters/],
  ["a key with stray bits", (raw) => raw.parties[0]!["public_key"] = `${"A".repeat(42)}B`, /43/],
  ["a key of low order", (raw) => raw.parties[0]!["public_key"] = "A".repeat(43), /low order/],
  [
    "a key that is not canonical",
    (raw) => raw.parties[0]!["public_key"] = `${"_".repeat(42)}8`,
    /no canonical/,
  ],
  ["a key that is a number", (raw) => raw.parties[0]!["public_key"] = 5, /public_key has to be/],
  [
    "a party's key file",
    (raw) => raw.parties[0]!["private_key"] = partyKeys[0]!.privateKey,
    /parties\[0\]: it holds a private key.*make a new key/,
  ],
  [
    "an operator's key file",
    (raw) => raw.operators[0]!["private_key"] = operatorKeys[0]!.privateKey,
    /operators\[0\]: it holds a private key/,
  ],
  [
    "a key file for a public key",
    (raw) => raw.parties[0]!["public_key"] = { id: "a", private_key: partyKeys[0]!.privateKey },
    /parties\[0\]\.public_key: it holds a private key/,
  ],
  [
    "a JSON Web Key for a public key",
    (raw) => raw.parties[0]!["public_key"] = { kty: "OKP", d: partyKeys[0]!.privateKey },
    /it holds a private key/,
  ],
  [
    "PEM",
    (raw) => raw.parties[0]!["public_key"] = "-----BEGIN PRIVATE KEY-----\nMC4=",
    /it holds a private key/,
  ],
  [
    "PKCS #8",
    (raw) => raw.parties[0]!["public_key"] = `MC4CAQAwBQYDK2VuBCIEI${"A".repeat(43)}`,
    /it holds a private key/,
  ],
  [
    "a private key of RFC 8032 for a public one",
    (raw) => raw.parties[0]!["public_key"] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    /no public key of a party; perhaps it is a private key/,
  ],
  [
    "a private key of RFC 7748 for an operator's public one",
    (raw) => raw.operators[0]!["public_key"] = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo",
    /no public key of an operator; perhaps it is a private key/,
  ],
];

for (const [what, spoil, message] of BAD) {
  test(`a list with ${what} is refused in one line`, async () => {
    const raw = good();
    spoil(raw);
    const said = await refusal(JSON.stringify(raw));
    assert.match(said, message);
    for (const secret of secrets) assert.not.match(said, secret.slice(0, 6));
  });
}

test("a key file in the place of the list is refused, and not shown", async () => {
  const { publicKey, privateKey } = partyKeys[0]!;
  const file = { id: "a", kind: "party", public_key: publicKey, private_key: privateKey };
  assert.match(await refusal(JSON.stringify(file)), /it is a key file.*give the list/);
  const broken = await refusal(`{"private_key": "${privateKey}",}`);
  assert.match(broken, /it is no JSON at line 1, column 63$/);
});

test("what is no object is refused", async () => {
  for (const text of ["", "[]", "null", "5", '"a"', "{", '{"parties": {}}']) await refusal(text);
});

test("the fingerprint is that of the documented text", async () => {
  const parties = [
    {
      id: "hospital-a",
      url: "https://a.example",
      public_key: "3liLbyXjb8Xel_vGOfyHmshic-9oZdvvHasMqFSI-SM",
    },
    {
      id: "hospital-b",
      url: "https://b.example:8443/mpc",
      public_key: "Vy_AypJIk1gnoxCap_SECMZ_A7FDL33lvRrHMfYzmXA",
    },
  ];
  const public_key = "KbiO0E1U2k4qHkw6SurYW19-NVqekm-0h0nl39gypsM";
  const operators = [{ id: "alice", public_key, allow: ["read", "run"] }];
  const { fingerprint } = await parseConfig(JSON.stringify({ parties, operators }), "it");
  // SHA-256 and the alphabet of Crockford's Base32, in Python.
  assert.is(fingerprint, "WKYE-J03T-9JJK-N2XQ-5TQK-P0YE-Q457-J9D2");
});

/** Lists that are right, with keys or without. */
const lists: fc.Arbitrary<Raw> = fc.record({
  ids: fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/), { minLength: 8, maxLength: 8 }),
  count: fc.integer({ min: 2, max: 4 }),
  operators: fc.array(fc.subarray(["read", "run", "admin"], { minLength: 1 }), {
    minLength: 2,
    maxLength: 3,
  }),
  hasKeys: fc.boolean(),
  path: fc.stringMatching(/^[a-z]{0,4}$/),
}).map(({ ids, count, operators, hasKeys, path }) => {
  const parties = ids.slice(0, count).map((id, rank) => ({
    id,
    url: `https://h${rank}.example/${path}`,
    ...hasKeys ? { public_key: partyKeys[rank]!.publicKey } : {},
  }));
  if (!hasKeys) return { parties };
  return {
    parties,
    operators: operators.map((allow, at) => ({
      id: ids[count + at]!,
      public_key: operatorKeys[at]!.publicKey,
      allow,
    })),
  };
});

/** The same content as other text: other orders of fields and rights, escapes, spaces. */
function reformat(raw: Raw, seed: number): string {
  let state = seed >>> 0;
  const draw = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 16) % below;
  };
  const space = () => ["", " ", "\n", "\t", "\r\n  "][draw(5)]!;
  const text = (value: string) =>
    `"${
      [...value].map((letter) =>
        draw(4) === 0 ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}` : letter
      ).join("")
    }"`;
  const write = (value: unknown, field = ""): string => {
    if (typeof value === "string") {
      const slash = field === "url" && !/\.example\/?$/.test(value) && draw(2) === 0 ? "/" : "";
      return text(value + slash);
    }
    if (Array.isArray(value)) {
      const items = field === "allow" && draw(2) === 0 ? value.toReversed() : value;
      return `[${items.map((item) => space() + write(item) + space()).join(",")}]`;
    }
    const entries = Object.entries(value as object).sort(() => draw(2) - 0.5);
    const members = entries.map(([key, member]) =>
      `${space()}${text(key)}${space()}:${space()}${write(member, key)}${space()}`
    );
    return `{${members.join(",")}}`;
  };
  return space() + write(raw) + space();
}

/** Changes of content; each leaves the list right. */
const CHANGES: Record<string, (raw: Raw) => unknown> = {
  "another id": ({ parties }) => parties[0]!["id"] += "x",
  "another letter case of an id": ({ parties: [party] }) => {
    const id = party!["id"] as string;
    const other = id.toLowerCase() === id ? id.toUpperCase() : id.toLowerCase();
    party!["id"] = other === id ? `${id}y` : other;
  },
  "another URL": ({ parties }) => parties[1]!["url"] += "z",
  "another scheme": ({ parties }) =>
    parties[0]!["url"] = (parties[0]!["url"] as string).replace("https", "http"),
  "another order of ranks": ({ parties }) => parties.reverse(),
  "one party fewer": ({ parties }) => parties.pop(),
  "one party's URL for the other's": ({ parties: [first, second] }) =>
    [first!["url"], second!["url"]] = [second!["url"], first!["url"]],
  "no keys": (raw) => {
    if (raw.operators === undefined) return raw.parties[0]!["id"] += "x";
    delete raw.operators;
    for (const party of raw.parties) delete party["public_key"];
  },
  "another key": ({ parties }) =>
    parties[0]!["public_key"] === undefined
      ? parties[0]!["id"] += "x"
      : parties[0]!["public_key"] = partyKeys[5]!.publicKey,
  "exchanged keys": ({ parties: [first, second] }) => {
    if (first!["public_key"] === undefined) return first!["id"] += "x";
    [first!["public_key"], second!["public_key"]] = [second!["public_key"], first!["public_key"]];
  },
  "other rights": ({ parties, operators }) => {
    if (operators === undefined) return parties[0]!["id"] += "x";
    const allow = operators[0]!["allow"] as string[];
    const rights = allow.includes("admin")
      ? allow.length === 1 ? ["run"] : allow.filter((right) => right !== "admin")
      : [...allow, "admin"];
    operators[0]!["allow"] = rights;
  },
  "another operator's key": ({ parties, operators }) =>
    operators === undefined
      ? parties[0]!["id"] += "x"
      : operators[1]!["public_key"] = operatorKeys[3]!.publicKey,
  "one operator fewer": ({ parties, operators }) =>
    operators === undefined ? parties[0]!["id"] += "x" : operators.pop(),
  "another order of operators": ({ parties, operators }) =>
    operators === undefined ? parties[0]!["id"] += "x" : operators.reverse(),
};

test("the fingerprint is 8 groups of 4, whatever the text looks like", async () => {
  await fc.assert(
    fc.asyncProperty(lists, fc.integer(), async (raw, seed) => {
      const { fingerprint } = await parseConfig(JSON.stringify(raw), "it");
      assert.match(fingerprint, /^(?:[0-9A-HJKMNP-TV-Z]{4}-){7}[0-9A-HJKMNP-TV-Z]{4}$/);
      assert.is((await parseConfig(reformat(raw, seed), "it")).fingerprint, fingerprint);
    }),
    { numRuns: 60 },
  );
});

test("any change of content changes the fingerprint", async () => {
  await fc.assert(
    fc.asyncProperty(lists, fc.constantFrom(...Object.keys(CHANGES)), async (raw, change) => {
      const { fingerprint } = await parseConfig(JSON.stringify(raw), "it");
      const changed = structuredClone(raw);
      CHANGES[change]!(changed);
      const other = await parseConfig(JSON.stringify(changed), "it");
      assert.is.not(other.fingerprint, fingerprint, change);
    }),
    { numRuns: 80 },
  );
});

test.run();
