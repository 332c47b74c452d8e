import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Response } from 'express';
import type { GatewayFault } from '../contracts/provider-api';
import { Problem } from './problem';

/** Responds in the provider's place; without a status the connection is closed. */
export function respondAsGateway(res: Response, { status, body, headers }: GatewayFault): void {
  if (status === undefined) res.destroy();
  else res.writeHead(status, headers).end(body);
}

/** Throws 400 INVALID_REQUEST for a response that can't be sent: found when it is defined, not when a call meets it. */
export function requireSendable({ status, headers }: GatewayFault): void {
  // Node itself knows best what it sends, and some headers depend on each other and on the status.
  const trial = new ServerResponse(new IncomingMessage(new Socket()));
  try {
    trial.writeHead(status ?? 200, headers);
  } catch (error) {
    const { message } = error as Error;
    throw new Problem(400, 'INVALID_REQUEST', `headers: ${message}`, [{ path: 'headers', message }]);
  }
}
