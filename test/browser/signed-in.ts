/** Servers with an owner, and tabs in which that owner is signed in. */
import { type TestServer, startTestServer } from '../support/server.ts'
import { PASSWORD, DashboardUser } from '../dashboard/dashboard-user.ts'
import { type Tab, openTab } from './browser.ts'

export const EMAIL = 'ann@example.com'

export interface Owned {
  readonly server: TestServer
  readonly owner: DashboardUser
}

export async function startOwnedServer(flags: Record<string, string> = {}): Promise<Owned> {
  const server = await startTestServer({ 'max-reservations': '0', ...flags })
  return { server, owner: await DashboardUser.owner(server, EMAIL) }
}

/** A tab with the session of somebody who has signed in already. */
export async function tabOf(
  { server, owner }: { readonly server: Pick<TestServer, 'url'>; readonly owner: DashboardUser },
  options: Parameters<typeof openTab>[0] = {},
): Promise<Tab> {
  const cookies = Array.from(owner.cookies, ([name, value]) => ({ name, value, url: server.url }))
  return openTab({ ...options, storageState: { cookies: cookies.map(stored), origins: [] } })
}

function stored({ name, value, url }: { name: string; value: string; url: string }) {
  return {
    name,
    value,
    domain: new URL(url).hostname,
    path: '/',
    expires: -1,
    httpOnly: true,
    secure: false,
    sameSite: 'Lax' as const,
  }
}

/** Signs in by hand. */
export async function signIn(tab: Tab, password = PASSWORD): Promise<void> {
  await tab.fill('Email', EMAIL)
  await tab.fill('Password', password)
  await tab.press('Sign in')
}
