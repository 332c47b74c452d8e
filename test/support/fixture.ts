import { Broker } from './broker';
import { FAST_DELAYS, type Running, type Settings, SHARED_SYSTEM } from './environment';
import { RoleProcess } from './role-process';
import { Shop } from './shop';
import { type Close, Teardown } from './teardown';
import { TestSystem } from './test-system';

/** What takes time to start, or needs nothing to be started but must be closed. */
interface Part {
  start?(): Promise<unknown>;
  close(): Promise<unknown>;
}

/**
 * What the tests of a file need. Parts that are declared start before the tests, in the order of their declaration.
 * Everything is closed in reverse order, also if a start has failed half-way: what a test opens, after that test; the
 * rest, after all tests.
 */
export class Fixture {
  private readonly declared: Part[] = [];
  private readonly ofFile = new Teardown();
  private ofTest: Teardown | undefined;

  constructor() {
    beforeAll(async () => {
      for (const part of this.declared) await this.open(part);
    });
    beforeEach(() => {
      this.ofTest ??= new Teardown();
    });
    afterEach(async () => {
      const { ofTest } = this;
      this.ofTest = undefined;
      await ofTest?.close();
    });
    afterAll(() => this.ofFile.close());
  }

  /** A shop of this system. */
  shop(system: Running = SHARED_SYSTEM): Shop {
    return this.declare(new Shop(system));
  }

  /** Another system on the broker, which reads these topics. */
  broker(topics: readonly string[] = [], system: Running = SHARED_SYSTEM): Broker {
    return this.declare(new Broker(topics, system));
  }

  /** A whole system of its own; `settings` are those of every role. */
  system(name: string, settings: Settings = FAST_DELAYS): TestSystem {
    return this.declare(new TestSystem(`${name}-${process.pid}`, settings));
  }

  /** One more process of a role in a running system. */
  async another(...[role, system, settings]: Parameters<typeof RoleProcess.startAnother>): Promise<RoleProcess> {
    return this.use(await RoleProcess.startAnother(role, system, settings));
  }

  /** Starts before the tests. */
  declare<Declared extends Part>(part: Declared): Declared {
    this.declared.push(part);
    return part;
  }

  /** Starts now. */
  async open<Opened extends Part>(part: Opened): Promise<Opened> {
    this.use(part);
    await part.start?.();
    return part;
  }

  use<Used extends { close(): unknown }>(part: Used): Used {
    return (this.ofTest ?? this.ofFile).use(part);
  }

  /** Runs at the end of the test, or of the file if no test runs. */
  defer(close: Close): void {
    (this.ofTest ?? this.ofFile).defer(close);
  }
}
