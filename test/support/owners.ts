/** Two owners of shares on one server: one takes whatever it can get, the other goes on as before. */
import { AblyApp } from './ably-app.ts'
import { type TestServer, startTestServer } from './server.ts'

export const GREEDY = '192.0.2.1'
export const SMALL = '192.0.2.2'

export interface Owners {
  readonly server: TestServer
  readonly greedy: AblyApp
  readonly small: AblyApp
}

/** Apps of the sandbox that were made from two addresses; channels under `kept` are persisted. */
export async function startOwners(flags: Record<string, string>): Promise<Owners> {
  const base = { sandbox: 'true', 'trusted-proxies': 'loopback', 'key-rate': '0' }
  const server = await startTestServer({ ...base, ...flags })
  const rules = [{ id: 'kept', persisted: true }]
  return {
    server,
    greedy: await AblyApp.madeBy(GREEDY, server.url, rules),
    small: await AblyApp.madeBy(SMALL, server.url, rules),
  }
}

/** Names with a common prefix. */
export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`)
}
