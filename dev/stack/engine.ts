import { join } from 'node:path';
import type { Launch } from './processes';
import type { EngineName, PortName, Ports } from './settings';

export type Log = (line: string) => void;

/** Where an engine comes from, found out without changing anything. */
export type Source =
  | { readonly kind: 'here'; readonly plan: string; readonly installation: string }
  | { readonly kind: 'obtain'; readonly plan: string; readonly obtain: (log: Log) => Promise<string> }
  | { readonly kind: 'missing'; readonly remedy: string };

/** One stack's folder, ports and secrets. */
export interface StackPlace {
  readonly name: string;
  readonly folder: string;
  readonly ports: Ports;
  readonly secrets: StackSecrets;
}

export interface StackSecrets {
  readonly postgres: string;
  readonly postgresAdmin: string;
}

export interface Engine {
  readonly name: EngineName;
  readonly ports: readonly PortName[];
  /** The signal by which it ends in good order, without waiting for its clients. */
  readonly stopSignal: NodeJS.Signals;
  find(): Promise<Source>;
  /** Where its data are when not in the stack's own folder. */
  dataElsewhere?(place: Pick<StackPlace, 'folder'>): Promise<string | undefined>;
  /** Lays out the engine's data where that has not been done, and says how to start it. */
  prepare(installation: string, place: StackPlace): Promise<Launch>;
  /** Whether it really does its work; throws or returns false while it doesn't. */
  isReady(place: StackPlace): Promise<boolean>;
  /** What it needs once it is ready, every time the same. */
  finish?(place: StackPlace): Promise<void>;
}

export const dataFolder = (place: Pick<StackPlace, 'folder'>, engine: EngineName): string =>
  join(place.folder, 'data', engine);
export const logFile = (place: StackPlace, engine: EngineName): string => join(place.folder, 'logs', `${engine}.log`);
