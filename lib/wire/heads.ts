/**
 * The heads of CBOR items (RFC 8949, section 3): the major type and an argument, here a length or a
 * number. Frames and acknowledgements are read by them alone, so that neither has to be there in
 * whole. No I/O.
 *
 * @module
 */

/** Major type 0: an unsigned integer. */
export const UINT = 0x00;
/** Major type 2: a byte string. */
export const BYTES = 0x40;
/** Major type 3: text. */
export const TEXT = 0x60;

/** The longest head. */
export const MAX_HEAD_BYTES = 9;

/**
 * @param first the first byte of a head
 * @param major the major type that is expected, in its three high bits
 * @returns how many bytes the head has; 0 when it is none of that type with a definite argument
 */
export function headSize(first: number, major: number): number {
  const argument = first ^ major;
  if (argument < 24) return 1;
  return argument < 28 ? 1 + 2 ** (argument - 24) : 0;
}

/**
 * @param bytes hold a whole head
 * @param at where it begins
 * @param size how many bytes it has
 * @returns its argument; not exact from 2 to the power of 53 on
 */
export function headArgument(bytes: Uint8Array, at: number, size: number): number {
  if (size === 1) return bytes[at]! & 31;
  let argument = 0;
  for (let index = at + 1; index < at + size; index++) argument = argument * 256 + bytes[index]!;
  return argument;
}

/**
 * @param argument a length or a number, up to 2 to the power of 53
 * @returns how many bytes its shortest head has
 */
export function sizeOfHead(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 2 ** 8) return 2;
  if (argument < 2 ** 16) return 3;
  return argument < 2 ** 32 ? 5 : 9;
}

/**
 * Writes the shortest head.
 *
 * @param bytes where to write it
 * @param at its place there
 * @param major the major type, in the three high bits
 * @param argument a length or a number, up to 2 to the power of 53
 * @returns the place after it
 */
export function writeHead(bytes: Uint8Array, at: number, major: number, argument: number): number {
  const size = sizeOfHead(argument);
  if (size === 1) {
    bytes[at] = major | argument;
    return at + 1;
  }
  bytes[at] = major | (24 + Math.log2(size - 1));
  let rest = argument;
  for (let index = at + size - 1; index > at; index--) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + size;
}
