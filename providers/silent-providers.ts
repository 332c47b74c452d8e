import { OutcomeUnknown, ProviderUnavailable } from './errors';
import type { Providers } from './sandbox-http';

/** Older news says nothing: the provider may be well, and nobody may have called it since. */
const NEWS_FOR_MS = 60_000;

type Name = keyof Providers;
type Call = (...args: unknown[]) => Promise<unknown>;

/** Notes which providers gave no usable response when they were last called, for the probes. */
export class SilentProviders {
  private readonly silentSince = new Map<Name, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** The same providers, watched. */
  watch(providers: Providers): Providers {
    const entries = Object.entries(providers).map(([name, port]) => [name, this.watchPort(name as Name, port)]);
    return Object.fromEntries(entries) as unknown as Providers;
  }

  /** Their names, as of the last minute. */
  get names(): string[] {
    return [...this.silentSince].filter(([, at]) => this.now() - at < NEWS_FOR_MS).map(([name]) => name);
  }

  private watchPort<Port extends object>(name: Name, port: Port): Port {
    const watch =
      (call: Call): Call =>
      async (...args) => {
        try {
          const result = await call(...args);
          this.silentSince.delete(name);
          return result;
        } catch (error) {
          if (error instanceof ProviderUnavailable || error instanceof OutcomeUnknown)
            this.silentSince.set(name, this.now());
          else this.silentSince.delete(name);
          throw error;
        }
      };
    return Object.fromEntries(
      Object.entries(port).map(([operation, call]) => [operation, watch(call as Call)]),
    ) as Port;
  }
}
