import { connectionNames } from '../../core/connection-header.js';

/** The connection a request came on. */
export interface Connection {
  readonly address: string | undefined;
  readonly protocol: 'http' | 'https';
  readonly host: string | undefined;
}

/**
 * Tells endpoints who asked, as nginx does with `$proxy_add_x_forwarded_for`, `$remote_addr`, `$scheme` and `$host`.
 *
 * @returns the caller's address, for sticky policies
 */
export function addForwardedHeaders(
  headers: Record<string, string>,
  connection: Connection,
  trustProxy: boolean,
): string | undefined {
  dropNamed(headers);
  const address = plainAddress(connection.address);
  const chain = headers['x-forwarded-for'];
  const before = trustProxy ? chain?.split(',', 1)[0]?.trim() || undefined : undefined;
  if (address !== undefined) headers['x-forwarded-for'] = chain ? `${chain}, ${address}` : address;
  set(headers, 'x-real-ip', before ?? address, trustProxy);
  set(headers, 'x-forwarded-proto', connection.protocol, trustProxy);
  set(headers, 'x-forwarded-host', connection.host, trustProxy);
  return before ?? address;
}

/**
 * Drops what the caller's `connection` names before anything is added: further on it would take out what we say
 * of the caller as well (`connection: x-forwarded-for`).
 */
function dropNamed(headers: Record<string, string>): void {
  const { connection } = headers;
  if (connection === undefined) return;
  delete headers.connection;
  if (connection !== 'keep-alive') for (const name of connectionNames(connection)) delete headers[name];
}

/** What came from an untrusted peer is replaced, or removed where we know nothing ourselves. */
function set(headers: Record<string, string>, name: string, value: string | undefined, keep: boolean): void {
  if (keep && headers[name] !== undefined) return;
  if (value === undefined) delete headers[name];
  else headers[name] = value;
}

/** IPv4 as IPv4, also on a socket that listens on IPv6. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') ? address.slice(7) : address;
}
