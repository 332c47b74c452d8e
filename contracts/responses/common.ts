/** What responses have in common. Responses are ours: their text needs no bounds. */
import { z } from 'zod';

export const text = z.string();
export const textOrNull = text.nullable();
export const time = z.iso.datetime();
export const amount = z.int().describe('Minor units of the currency');
export const count = z.int().min(0);
export const dryRun = z.boolean().describe('True: nothing was done');

/** The value of a response schema as code passes it around: nothing changes it. */
export type Immutable<Value> = Value extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Immutable<Value[Key]> }
    : Value;
export type ResponseOf<Schema extends z.ZodType> = Immutable<z.output<Schema>>;

/** One entry of an order's durable timeline, as SSE data and WebSocket message. */
export const timelineEntrySchema = z
  .object({
    id: z.int().describe('Resumes: Last-Event-ID'),
    at: time,
    type: text,
    data: z.record(text, z.unknown()),
  })
  .meta({
    id: 'TimelineEntry',
    examples: [{ id: 41, at: '2026-11-28T09:00:00.000Z', type: 'ORDER_CREATED', data: {} }],
  });
export type TimelineView = ResponseOf<typeof timelineEntrySchema>;
