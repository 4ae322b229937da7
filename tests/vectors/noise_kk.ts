import { readFile } from "node:fs/promises";
import { ROOT } from "../../scripts/processes.ts";
import { fromHex } from "../helpers/hex.ts";

/** One conversation, whose messages go to and fro, the handshake's two first. */
export interface NoiseVector {
  name: string;
  prologues: [Uint8Array, Uint8Array];
  /** Private keys, of the initiator and of the responder. */
  statics: [Uint8Array, Uint8Array];
  ephemerals: [Uint8Array, Uint8Array];
  /** Public keys, where they are said, of the initiator and of the responder. */
  publicKeys?: [string, string];
  handshakeHash?: string;
  messages: { payload: string; ciphertext: string }[];
}

const read = (file: string) => readFile(`${ROOT}tests/vectors/${file}`, "utf8");

/** Every vector of `Noise_KK_25519_AESGCM_SHA256`. */
export async function noiseVectors(): Promise<NoiseVector[]> {
  const files = ["noise_kk_cacophony.json", "noise_kk_noise_c.json"];
  const json = await Promise.all(files.map(async (file) => {
    const { vectors } = JSON.parse(await read(file));
    return vectors.map((vector: JsonVector) => fromJson(file, vector));
  }));
  const blocks = (await read("noise_kk_flynn.txt")).split("\n\n").slice(1);
  return [
    ...json.flat(),
    ...blocks.map((block, at) => fromText(`noise_kk_flynn.txt, ${at}`, block)),
  ];
}

type JsonVector = Record<string, string> & { messages: NoiseVector["messages"] };

function fromJson(name: string, vector: JsonVector): NoiseVector {
  const both = (field: string) => [bytes(`init_${field}`), bytes(`resp_${field}`)] as Both;
  const bytes = (field: string) => fromHex(vector[field]!);
  return {
    name,
    prologues: both("prologue"),
    statics: both("static"),
    ephemerals: both("ephemeral"),
    publicKeys: [vector.resp_remote_static!, vector.init_remote_static!],
    handshakeHash: vector.handshake_hash!,
    messages: vector.messages,
  };
}

function fromText(name: string, block: string): NoiseVector {
  const lines = block.trim().split("\n").map((line) => line.split("=") as [string, string]);
  const fields: Record<string, string> = Object.fromEntries(lines);
  const bytes = (field: string) => fromHex(fields[field] ?? "");
  const messages = [];
  for (let at = 0; fields[`msg_${at}_ciphertext`] !== undefined; at++) {
    const [payload, ciphertext] = [fields[`msg_${at}_payload`]!, fields[`msg_${at}_ciphertext`]!];
    messages.push({ payload, ciphertext });
  }
  return {
    name,
    prologues: [bytes("prologue"), bytes("prologue")],
    statics: [bytes("init_static"), bytes("resp_static")],
    ephemerals: [bytes("gen_init_ephemeral"), bytes("gen_resp_ephemeral")],
    messages,
  };
}

type Both = [Uint8Array, Uint8Array];
