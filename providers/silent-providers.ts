import type { ProviderName, WatchedCall } from './watched-calls';

/** Older news says nothing: the provider may be well, and nobody may have called it since. */
const NEWS_FOR_MS = 60_000;

/** Notes which providers gave no usable response when they were last called, for the probes. */
export class SilentProviders {
  private readonly silentSince = new Map<ProviderName, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  note({ provider, outcome }: Pick<WatchedCall, 'provider' | 'outcome'>): void {
    if (outcome === 'unavailable' || outcome === 'unknown') this.silentSince.set(provider, this.now());
    else this.silentSince.delete(provider);
  }

  /** Their names, as of the last minute. */
  get names(): string[] {
    return [...this.silentSince].filter(([, at]) => this.now() - at < NEWS_FOR_MS).map(([name]) => name);
  }
}
