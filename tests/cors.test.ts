import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty } from "../lib/party.ts";
import { assertProblem, post, request, Served } from "./helpers/served.ts";

const ORIGIN = "https://analyst.example";

/** Runs a test against a party that allows some origins. */
async function withOrigins(
  allowOrigins: string[] | undefined,
  body: (served: Served) => Promise<void>,
): Promise<void> {
  const served = await Served.start(allowOrigins && { allowOrigins });
  try {
    await body(served);
  } finally {
    await served.close();
  }
}

/** Asks as a browser does before it lets a page call. */
function preflight(served: Served, origin: string, path = "/sessions") {
  return request(served.url(path), {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,traceparent",
    },
  });
}

/** The headers of an answer that CORS is about. */
function corsOf(headers: Headers): string[] {
  return [...headers.keys()].filter((name) => name.startsWith("access-control-"));
}

test("without allowed origins no answer speaks of CORS, and OPTIONS is 405", async () => {
  await withOrigins(undefined, async (served) => {
    const read = await request(served.url("/sessions"), { headers: { origin: ORIGIN } });
    assert.equal([read.status, corsOf(read.headers)], [200, []]);
    const asked = await preflight(served, ORIGIN);
    assertProblem(asked, 405, "INVALID_REQUEST");
    assert.equal(corsOf(asked.headers), []);
    assert.not(read.headers.get("vary")?.includes("Origin"));
  });
});

test("a preflight of an allowed origin is told methods and headers", async () => {
  await withOrigins([ORIGIN], async (served) => {
    const { status, headers, text } = await preflight(served, ORIGIN);
    assert.equal([status, text], [204, ""]);
    assert.is(headers.get("access-control-allow-origin"), ORIGIN);
    assert.match(headers.get("access-control-allow-methods")!, /GET.*POST.*PUT.*DELETE/);
    const allowed = headers.get("access-control-allow-headers")!.split(", ");
    for (
      const name of ["content-type", "if-none-match", "prefer", "traceparent", "partyline-mptype"]
    ) {
      assert.ok(allowed.includes(name), name);
    }
    assert.match(headers.get("vary")!, /\bOrigin\b/);
  });
});

test("an allowed origin may read answers and problems, and where a computation is", async () => {
  await withOrigins(["https://other.example", ORIGIN], async (served) => {
    for (const [path, expected] of [["/health", 200], ["/sessions/none", 404], ["/x", 404]]) {
      const { status, headers } = await request(served.url(path as string), {
        headers: { origin: ORIGIN },
      });
      assert.is(status, expected);
      assert.is(headers.get("access-control-allow-origin"), ORIGIN);
      assert.match(headers.get("access-control-expose-headers")!, /\blocation\b/);
      assert.match(headers.get("vary")!, /\bOrigin\b/);
    }
  });
});

test("another origin is not allowed, and caches keep the answers apart", async () => {
  await withOrigins([ORIGIN], async (served) => {
    for (const origin of ["https://evil.example", `${ORIGIN}.evil.example`, "null"]) {
      const read = await request(served.url("/sessions"), { headers: { origin } });
      assert.equal([read.status, corsOf(read.headers)], [200, []]);
      assert.match(read.headers.get("vary")!, /\bOrigin\b/);
      const asked = await preflight(served, origin);
      assertProblem(asked, 405, "INVALID_REQUEST");
      assert.equal(corsOf(asked.headers), []);
    }
    assert.is((await post(served.url("/sessions"), {})).status, 400, "no browser, no origin");
  });
});

test("with * every origin is allowed", async () => {
  await withOrigins(["*"], async (served) => {
    const read = await request(served.url("/health"), { headers: { origin: "https://a.example" } });
    assert.is(read.headers.get("access-control-allow-origin"), "*");
    assert.is((await preflight(served, "https://b.example")).status, 204);
    const plain = await request(served.url("/sessions"), { method: "OPTIONS" });
    assertProblem(plain, 405, "INVALID_REQUEST");
  });
});

test("an origin with a path, or none, is refused when the party is created", () => {
  for (const origin of ["https://a.example/", "https://a.example/x", "a.example", "", "null"]) {
    assert.throws(
      () => createParty({ allowOrigins: [origin] }),
      (error: unknown) => error instanceof TypeError && error.message.includes(`"${origin}"`),
      origin,
    );
  }
});

test.run();
