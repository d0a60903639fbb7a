/** Credentials of an app of the measured server. */
import { SignJWT } from 'jose'
import { type DataFolder, runCommand } from './server.ts'

const VALID_SECONDS = 3600

/** What a request has in its Authorization header, by how its client is authenticated. */
export interface Authorizations {
  readonly key: string
  readonly token: string
  readonly jwt: string
}

/** Makes a key of the default app that may do everything. */
export async function makeKey(data: DataFolder): Promise<string> {
  const made = JSON.parse(await runCommand(data, 'keys', 'add', '--json')) as { key: string }
  return made.key
}

/** Makes a key, a token and a JWT of the default app. The two tokens permit what the key does. */
export async function makeCredentials(data: DataFolder): Promise<Authorizations> {
  const key = await makeKey(data)
  const name = key.slice(0, key.indexOf(':'))
  const issued = JSON.parse(await runCommand(data, 'tokens', 'issue', name, '--json')) as {
    token: string
  }
  return {
    key: `Basic ${btoa(key)}`,
    token: `Bearer ${btoa(issued.token)}`,
    jwt: `Bearer ${btoa(await signJwt(name, key.slice(name.length + 1)))}`,
  }
}

function signJwt(keyName: string, secret: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ 'x-ably-capability': '{"*":["*"]}', 'x-ably-clientId': 'bench' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: keyName })
    .setIssuedAt(now)
    .setExpirationTime(now + VALID_SECONDS)
    .sign(new TextEncoder().encode(secret))
}
