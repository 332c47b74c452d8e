import { z } from 'zod';

export type Json = Record<string, unknown>;

/** The JSON Schema of what is sent to us, or of what we send, as part of a document. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Json;
  return rest;
}
