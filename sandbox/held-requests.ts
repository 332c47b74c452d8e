import type { Response } from 'express';

/** Requests that are kept waiting on purpose, so that closing the server ends them. */
export class HeldRequests {
  readonly #releases = new Set<() => void>();

  /** Never responds; ends when the client leaves or the server closes. */
  hang(res: Response): void {
    const release = () => res.destroy();
    this.#releases.add(release);
    res.once('close', () => this.#releases.delete(release));
  }

  /** True after the delay, even if the client has left (a slow provider works on); false when the server closes first. */
  delay(res: Response, delayMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (go: boolean) => {
        clearTimeout(timer);
        this.#releases.delete(release);
        if (!go) res.destroy();
        resolve(go);
      };
      const release = () => settle(false);
      const timer = setTimeout(() => settle(true), delayMs);
      this.#releases.add(release);
    });
  }

  releaseAll(): void {
    for (const release of [...this.#releases]) release();
  }
}
