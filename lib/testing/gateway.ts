/**
 * What a gateway on the way does that is no fault: waiting for whole bodies, refusing large ones.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { GatewayOptions } from "./options.ts";
import { networkError, type Outgoing, wholeAnswer } from "./request.ts";

/**
 * @param request what the sender makes
 * @param gateway what is on its way
 * @param connection what it goes over
 * @param send what makes the request behind the gateway
 * @returns the answer, as the sender gets it
 */
export async function passGateway(
  request: Outgoing,
  { buffers = false, maxBodyBytes = Infinity }: GatewayOptions,
  connection: Connection,
  send: (request: Outgoing) => Promise<Response>,
): Promise<Response> {
  if (!buffers && maxBodyBytes === Infinity) return await send(request);
  const tooLarge = networkError("body too large");
  let seen = 0;
  const counted = (await request.streamed()).relayed(connection, {
    take: ({ byteLength }) => {
      seen += byteLength;
      if (seen <= maxBodyBytes) return byteLength;
      connection.break(tooLarge);
      return 0;
    },
  });
  try {
    const passed = buffers || !request.streams ? await counted.whole(connection) : counted;
    const response = await send(passed);
    return buffers ? await wholeAnswer(response, connection) : response;
  } catch (error) {
    if (error !== tooLarge) throw error;
    return new Response("Content Too Large\n", { status: 413 });
  }
}
