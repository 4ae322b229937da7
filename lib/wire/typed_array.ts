/**
 * Typed arrays as bytes, little-endian as on every machine that runs Node or Deno today, and as
 * Base64 of these.
 *
 * @module
 */

import { base64 } from "../deps.ts";

/** Any typed array, whatever its elements. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

interface TypedArrayClass {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): TypedArray;
}

const NAMES = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array", // only where the runtime has it
  "Float32Array",
  "Float64Array",
];

const CLASSES: Map<string, TypedArrayClass> = new Map(
  NAMES.filter((name) => name in globalThis).map((name) => [
    name,
    (globalThis as unknown as Record<string, TypedArrayClass>)[name]!,
  ]),
);

/**
 * Tells a typed array, also one of a subclass such as Node's `Buffer`.
 *
 * @param value any value
 * @returns whether it is a typed array; false for a `DataView`
 */
export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/**
 * @param array a typed array
 * @returns the name of its class, without that of a subclass: "Uint8Array" for a Buffer too
 */
export function kindOf(array: TypedArray): string {
  return array[Symbol.toStringTag]; // intrinsic, so it names the built-in class
}

/**
 * @param array a typed array
 * @returns its bytes, not copied
 */
export function bytesOf(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * @param kind the name of a typed array's class
 * @param bytes its bytes; it takes them over, copied only when they are a part of a larger buffer
 * @returns the array, or undefined when this runtime has no such class or the bytes do not fit it
 */
export function typedArrayFromBytes(kind: string, bytes: Uint8Array): TypedArray | undefined {
  const Class = CLASSES.get(kind);
  if (Class === undefined || bytes.byteLength % Class.BYTES_PER_ELEMENT !== 0) return undefined;
  const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  return new Class(whole.buffer as ArrayBuffer);
}

/**
 * @param array a typed array
 * @returns the name of its class, as by {@linkcode kindOf}, and its bytes in Base64
 */
export function typedArrayToText(array: TypedArray): { kind: string; text: string } {
  return { kind: kindOf(array), text: base64.encode(bytesOf(array)) };
}

/**
 * @param kind the name of a typed array's class
 * @param text canonical Base64
 * @returns the array, or undefined when this runtime has no such class or the text does not fit it
 */
export function typedArrayFromText(kind: string, text: string): TypedArray | undefined {
  if (!CLASSES.has(kind)) return undefined;
  let bytes: Uint8Array;
  try {
    bytes = base64.decode(text);
  } catch {
    return undefined;
  }
  return typedArrayFromBytes(kind, bytes);
}
