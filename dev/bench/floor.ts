import type { Child } from '../child';

export interface FloorLoad {
  readonly inFlight: number;
  readonly warmUpS: number;
  readonly seconds: number;
}

/** A load, or one workflow alone. */
export type FloorQuestion = FloorLoad | 'one';

/** No-op workflows a second, started and their result awaited, so many in flight. */
export const measureFloor = (floor: Child, load: FloorLoad): Promise<number> => floor.ask<number>({ ...load });

/** How long one no-op workflow takes when there is no other, ms. */
export const measureOneNoop = (floor: Child): Promise<number> => floor.ask<number>('one');
