/** Checks that addresses outside the HTTP API's document are served, by requesting each. */
import { DashboardUser } from '../dashboard/dashboard-user.ts'
import type { TestServer } from '../support/server.ts'

const DASHBOARD = '/dashboard'

/** Stands for an id, a name or a code in an address. */
const ANY = 'x'

/**
 * Those of the addresses that are served. Whatever the server says of a credential or a body is an answer; nobody
 * serves what is not found, and a page of the dashboard that only leads away is none.
 */
export async function answered(
  addresses: readonly string[],
  server: TestServer,
): Promise<string[]> {
  const owner = await DashboardUser.owner(server)
  const found: string[] = []
  for (const address of addresses) {
    const [method, path] = address.split(' ') as [string, string]
    const isThere = path.startsWith(DASHBOARD)
      ? (await owner.get(path.slice(DASHBOARD.length))).status === 200
      : await isServed(method, server.url + path.replaceAll(/:\w+/g, ANY))
    if (isThere) found.push(address)
  }
  return found
}

async function isServed(method: string, url: string): Promise<boolean> {
  const answer = await fetch(url, { method, redirect: 'manual' })
  await answer.body?.cancel()
  return answer.status !== 404 && answer.status !== 405
}
