/**
 * What only signatures import of third parties.
 *
 * @module
 */

export {
  createSignature,
  type RequestDescriptor,
  SignatureError,
  type SignatureParameters,
  verifySignature,
  type VerifySignatureOptions,
  webcrypto,
} from "npm:http-message-sig@^0.3.0";
