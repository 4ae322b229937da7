/**
 * Requests that are wrong around their body: the media type, the length, the end. Whatever comes,
 * the server lives, and the next good message is delivered.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { faultsTo } from "./helpers/faults.ts";
import { type RawAnswer, RawConnection, rawRequest } from "./helpers/raw_http.ts";
import { assertProblem, dataOf, Served } from "./helpers/served.ts";

const MIB = 1024 * 1024;
const LIMIT = MIB;
const SEND = "POST /sessions/demo/comm/send";
const JSON_TYPE = "Content-Type: application/json";
const CHUNKED = "Transfer-Encoding: chunked";
const BODY = JSON.stringify({ from_rank: 1, to_rank: 0, key: "never", data: dataOf(1) });

let served: Served;
const faults: unknown[] = [];
test.before(async () => {
  served = await Served.start({ maxRequestBytes: LIMIT, log: faultsTo(faults) });
});
test.after(() => served.close());

/** Declares a test with a connection of its own, and checks that the server lives on. */
function declare(name: string, body: (connection: RawConnection) => Promise<void>): void {
  test(name, async () => {
    const connection = await RawConnection.open(served.server.port);
    try {
      await body(connection);
    } finally {
      connection.destroy();
    }
    assert.equal(faults, []);
    await served.assertDelivers();
  });
}

function problem(answer: RawAnswer | undefined, status: number, code: string): void {
  assert.ok(answer, "the connection ended without an answer");
  const { headers, body } = answer;
  const get = (name: string) => headers.get(name) ?? null;
  assertProblem({ status: answer.status, headers: { get }, text: body }, status, code);
}

const counted = (body: string, ...headers: string[]) =>
  rawRequest(SEND, [...headers, `Content-Length: ${Buffer.byteLength(body)}`], body);

for (
  const type of [
    "",
    "text/plain",
    "text/json",
    "application/cbor",
    "application/jsonp",
    "application/json-seq",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=application/json",
    "nonsense",
  ]
) {
  declare(`a body of type "${type}" is 415`, async (connection) => {
    await connection.write(counted(BODY, ...type === "" ? [] : [`Content-Type: ${type}`]));
    problem(await connection.answer(), 415, "INVALID_REQUEST");
  });
}

for (const type of ["application/json; charset=utf-8", "Application/JSON", "application/json ;x"]) {
  declare(`a body of type "${type}" is read`, async (connection) => {
    await connection.write(counted("[]", `Content-Type: ${type}`));
    problem(await connection.answer(), 400, "INVALID_REQUEST");
  });
}

for (const bytes of [[0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
  declare(`a body with the bytes ${bytes}, which are no UTF-8, is 400`, async (connection) => {
    const body = Buffer.concat([Buffer.from('{"key":"'), Buffer.from(bytes), Buffer.from('"}')]);
    await connection.write(rawRequest(SEND, [JSON_TYPE, `Content-Length: ${body.length}`]));
    await connection.write(body);
    problem(await connection.answer(), 400, "INVALID_REQUEST");
  });
}

for (const host of ["a b", "[::", "a:b:c", "a:99999", "%", "http://a"]) {
  declare(`the host "${host}" is taken or refused, and no fault`, async (connection) => {
    await connection.write(`GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const answer = await connection.answer();
    if (answer?.status === 200 || answer?.body === "") return; // some runtimes refuse it themselves
    const status = answer?.status ?? 0;
    problem(answer, [404, 421].includes(status) ? status : 400, "INVALID_REQUEST");
  });
}

declare(
  "a content-length that is too short is 400, and what follows no message",
  async (connection) => {
    await connection.write(rawRequest(SEND, [JSON_TYPE, "Content-Length: 20"], `${BODY}\r\n\r\n`));
    assert.is((await connection.answer())?.status, 400);
    await connection.untilEnded();
  },
);

declare("a body that ends before its content-length is 400, and no message", async (connection) => {
  await connection.write(rawRequest(SEND, [JSON_TYPE, "Content-Length: 500"], BODY));
  connection.halfClose();
  assert.is((await connection.answer())?.status ?? 400, 400);
  await connection.untilEnded();
});

declare("a body that is cut off is no message", async (connection) => {
  await connection.write(rawRequest(SEND, [JSON_TYPE, "Content-Length: 500"], BODY));
  connection.destroy();
});

for (
  const framing of ["Content-Length: -5", "Content-Length: 1e3", "Content-Length: 5, 6", CHUNKED]
) {
  declare(
    `a body that follows "${framing}" is refused, and the connection ends`,
    async (connection) => {
      await connection.write(rawRequest(SEND, [JSON_TYPE, framing], `${BODY}\r\n`));
      assert.is((await connection.answer())?.status ?? 400, 400);
      await connection.untilEnded();
    },
  );
}

declare("what is no HTTP is refused, and the connection ends", async (connection) => {
  await connection.write("\x16\x03\x01\x02\0 hello\r\n\r\n");
  assert.is((await connection.answer())?.status ?? 400, 400);
  await connection.untilEnded();
});

declare("a body of exactly the limit is read", async (connection) => {
  await connection.write(counted("[]".padEnd(LIMIT), JSON_TYPE));
  problem(await connection.answer(), 400, "INVALID_REQUEST");
});

for (const [name, framing] of [["counted", `Content-Length: ${LIMIT + 1}`], ["chunked", CHUNKED]]) {
  declare(
    `a ${name} body of a byte over the limit is 413, and the last answer of its connection`,
    async (connection) => {
      const body = "[]".padEnd(LIMIT + 1);
      const framed = name === "counted"
        ? body
        : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
      await connection.write(rawRequest(SEND, [JSON_TYPE, framing!], framed));
      const answer = await connection.answer();
      problem(answer, 413, "PAYLOAD_TOO_LARGE");
      assert.is(answer?.headers.get("connection"), "close");
    },
  );
}

for (const begun of ["", "[]".padEnd(1_000)]) {
  declare(
    `a length over the limit is 413 after ${begun.length} bytes, and the connection ends`,
    async (connection) => {
      await connection.write(rawRequest(SEND, [JSON_TYPE, "Content-Length: 1000000000000"], begun));
      problem(await connection.answer(), 413, "PAYLOAD_TOO_LARGE");
      await connection.untilEnded();
    },
  );
}

/** Writes on and on. @returns how many bytes it wrote until the answer came or the connection went */
async function flood(connection: RawConnection, chunk: string): Promise<number> {
  let written = 0;
  while (!connection.answered && !connection.ended && written < 100 * MIB) {
    await connection.write(chunk);
    written += chunk.length;
    await new Promise((resolve) => setTimeout(resolve)); // so that the answer can come between
  }
  return written;
}

const CHUNK = `8000\r\n${" ".repeat(0x8000)}\r\n`;

for (
  const [path, status, code] of [
    [SEND, 413, "PAYLOAD_TOO_LARGE"],
    ["POST /sessions/none/comm/send", 404, "UNKNOWN_SESSION"],
    ["PUT /sessions", 405, "INVALID_REQUEST"],
    ["POST /nowhere", 404, "INVALID_REQUEST"],
  ] as const
) {
  declare(
    `an endless body to ${path} is ${status}, and the connection ends`,
    async (connection) => {
      await connection.write(rawRequest(path, [JSON_TYPE, CHUNKED]));
      const written = await flood(connection, CHUNK);
      problem(await connection.answer(), status, code);
      assert.ok(written < LIMIT + 4 * MIB, `took ${written} bytes`);
      await connection.untilEnded();
    },
  );
}

declare("a client that writes a large body before it reads gets the 413", async (connection) => {
  const url = served.url("/sessions/demo/comm/send");
  for (const mebibytes of [2, 5, 20]) {
    const body = " ".repeat(mebibytes * MIB);
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    assert.is(response.status, 413);
    assert.is((await response.json()).code, "PAYLOAD_TOO_LARGE");
  }
  await connection.write(rawRequest("GET /health"));
  assert.is((await connection.answer())?.body, '{"status":"ok"}');
});

test.run();
