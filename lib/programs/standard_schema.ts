/**
 * Standard Schema, version 1 (https://standardschema.dev), as far as it is used here: what schemas
 * of Valibot, Zod, ArkType and others have in common. Its authors mean it to be copied.
 *
 * @module
 */

/** A schema, of whatever library. */
export interface Schema<Input = unknown, Output = Input> {
  /** What makes it one. */
  readonly "~standard": SchemaProps<Input, Output>;
}

/** What a {@linkcode Schema} has. */
export interface SchemaProps<Input = unknown, Output = Input> {
  /** The version of Standard Schema. */
  readonly version: 1;
  /** The library that it is of. */
  readonly vendor: string;
  /** Checks a value. */
  readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  /** For types alone. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/** What the schema makes of a value; or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** Something that is wrong with a value. */
export interface SchemaIssue {
  /** What it is. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of what a schema makes of a value. */
export type OutputOf<Of extends Schema> = NonNullable<Of["~standard"]["types"]>["output"];
