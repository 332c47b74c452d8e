import type { RoleProcess } from '../../support/role-process';
import type { Stage } from '../stage';
import type { LinkTo } from './link';
import { tcpLink } from './tcp-link';
import { startToxiproxy } from './toxiproxy';
import { WIRED_ROLES, type WiredRole, type Wiring, wire } from './wiring';

interface Wired extends Wiring {
  readonly process: RoleProcess;
}

/** The links between the roles and what they need, laid when the first row wants to cut one. */
export class Network {
  private readonly roles = new Map<WiredRole, Wired>();
  private readonly abandoned: Wiring[] = [];
  private linkTo: Promise<LinkTo> | undefined;
  private closeProxy: () => Promise<void> = async () => undefined;

  /** toxiproxy: where it can be had; otherwise every link goes through this process. */
  constructor(
    private readonly means: 'toxiproxy' | 'tcp',
    private readonly log: (line: string) => void,
  ) {}

  /** Every role behind links of its own, restarted if it is not. */
  async wired(stage: Stage): Promise<ReadonlyMap<WiredRole, Wiring>> {
    await Promise.all(
      WIRED_ROLES.map(async (role) => {
        if (this.roles.get(role)?.process !== stage.system.role(role)) await this.renew(stage, role);
      }),
    );
    return this.roles;
  }

  /** The host of a role is lost for good, and customers are served without it; then the role starts again on another host. */
  async lose(stage: Stage, role: WiredRole): Promise<void> {
    const lost = stage.system.role(role);
    stage.unsupervised.add(role);
    try {
      // Its links are silent: nobody is shown its end.
      await lost.end('SIGKILL');
      await stage.customers.more(6);
      await this.renew(stage, role);
    } finally {
      stage.unsupervised.delete(role);
    }
  }

  private async renew(stage: Stage, role: WiredRole): Promise<void> {
    const wiring = await wire(role, stage.shop.system, await this.links());
    const before = this.roles.get(role);
    if (before) this.abandoned.push(before);
    await stage.replace(role, wiring.settings);
    this.roles.set(role, { ...wiring, process: stage.system.role(role) });
  }

  /** Closes the links of hosts that are gone. */
  async forgetLost(): Promise<void> {
    await this.closeAll(this.abandoned.splice(0));
  }

  async close(): Promise<void> {
    await this.forgetLost();
    await this.closeAll([...this.roles.values()]);
    await this.closeProxy();
  }

  private async closeAll(wirings: readonly Wiring[]): Promise<void> {
    await Promise.all(wirings.flatMap(({ links }) => [...links.values()].map((link) => link.close())));
  }

  private links(): Promise<LinkTo> {
    this.linkTo ??= this.start();
    return this.linkTo;
  }

  private async start(): Promise<LinkTo> {
    const toxiproxy = this.means === 'toxiproxy' ? await startToxiproxy(this.log) : undefined;
    this.log(`links: ${toxiproxy ? 'toxiproxy' : 'through the harness itself'}`);
    if (!toxiproxy) return tcpLink;
    this.closeProxy = () => toxiproxy.close();
    return (target, name) => toxiproxy.linkTo(target, name);
  }
}
