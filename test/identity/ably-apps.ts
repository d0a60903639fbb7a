/** Two apps with keys of every kind in a real database, and all that authenticates against them. */
import { createHmac } from 'node:crypto'
import { SignJWT } from 'jose'
import { type Failure, type Result, ok } from '../../src/failure.ts'
import { Authenticator } from '../../src/identity/authenticate.ts'
import type { Credential } from '../../src/identity/credentials.ts'
import { Keyring } from '../../src/identity/keyring.ts'
import { NonceStore } from '../../src/identity/nonce-store.ts'
import { NativeTokens } from '../../src/identity/native-token.ts'
import type { AppPrincipal } from '../../src/identity/principal.ts'
import {
  NONCE_KEPT_MS,
  type TokenDetails,
  type TokenWish,
  TokenIssuer,
  issueToken,
} from '../../src/identity/token-issuer.ts'
import { NO_APP_LIMITS } from '../../src/policy/app-limits.ts'
import { ablyCode } from '../../src/protocol/ably/errors/codes.ts'
import { AppDirectory, type LiveKey } from '../../src/service/apps/app-directory.ts'
import { AccountTable } from '../../src/store/tables/accounts.ts'
import { type ApiKeyRow, type AppRow, ApiKeyTable, AppTable } from '../../src/store/tables/apps.ts'
import { closeStore, openStore } from '../../src/store/database.ts'
import { temporaryFolder } from '../support/server.ts'
import { clockAt } from '../support/clocks.ts'

export const START = 1_700_000_000_000
export const SECRET = 'secret-of-forty-three-letters-or-so-0123456'
export const OLD_SECRET = 'the-secret-before-the-rotation-0123456789ab'
const PLAIN = { secure: false, origin: null }

/** All in app `app1`, but for `lone`, the only one of `app2`. */
const CAPABILITIES = {
  root: '{"*":["*"]}',
  narrow: '{"news:*":["publish","subscribe"],"status":["history"]}',
  revocable: '{"*":["*"]}',
  rotated: '{"*":["*"]}',
  gone: '{"*":["*"]}',
} as const

export class AblyApps {
  now = START
  /** Recorded uses of secrets, as `keyName place`. */
  readonly uses: string[] = []
  readonly #clock = clockAt(() => this.now)
  readonly #folder = temporaryFolder()
  readonly #store = openStore(this.#folder.path)
  readonly #keyring = new Keyring(new Uint8Array(32).fill(7))
  readonly #apps = new AppTable(this.#store)
  readonly #keys = new ApiKeyTable(this.#store)
  readonly tokens = new NativeTokens(this.#keyring)
  readonly directory = new AppDirectory(this.#store, this.#keyring, this.#clock)
  readonly #notes = {
    note: (key: { name: string }, place: number) => this.uses.push(`${key.name} ${place}`),
  }
  readonly authenticator = new Authenticator(this.directory, this.tokens, this.#notes, this.#clock)
  readonly issuer = new TokenIssuer({
    directory: this.directory,
    tokens: this.tokens,
    uses: this.#notes,
    clock: this.#clock,
    nonces: new NonceStore(NONCE_KEPT_MS),
    once: () => ok(true),
  })

  constructor() {
    const owner = { id: 'account', name: 'owner', role: 'owner', createdAt: START } as const
    new AccountTable(this.#store).insert(owner)
    for (const id of ['app1', 'app2']) this.#insertApp(id)
    for (const [id, capability] of Object.entries(CAPABILITIES))
      this.#insertKey('app1', id, capability)
    this.#insertKey('app2', 'lone', '{"*":["*"]}')
    this.changeKey('app1', 'revocable', { revocableTokens: true })
    this.changeKey('app1', 'rotated', { oldSecret: this.#keyring.seal(OLD_SECRET) })
    this.changeKey('app1', 'gone', { status: 'revoked' })
  }

  close(): void {
    closeStore(this.#store)
    this.#folder.remove()
  }

  #insertApp(id: string): void {
    const flags = { status: 'enabled', tlsOnly: false, isDefault: false } as const
    const times = { createdAt: START, updatedAt: START, expiresAt: null }
    const owner = { accountId: 'account', madeBy: null }
    this.#apps.insert({ id, name: id, ...owner, ...flags, ...times, ...NO_APP_LIMITS })
  }

  #insertKey(appId: string, id: string, capability: string): void {
    const secret = this.#keyring.seal(SECRET)
    const unset = { oldSecret: null, lastUsedAt: null, oldLastUsedAt: null, revokedAt: null }
    const state = { revocableTokens: false, status: 'enabled' } as const
    const times = { createdAt: START, updatedAt: START }
    this.#keys.insert({ appId, id, name: id, capability, secret, ...unset, ...state, ...times })
  }

  /** Applies a change as the change watcher of a server does. */
  changeKey(appId: string, id: string, patch: Partial<ApiKeyRow>): void {
    this.#keys.update(appId, id, patch)
    this.directory.reload()
  }

  changeApp(id: string, patch: Partial<AppRow>): void {
    this.#apps.update(id, patch)
    this.directory.reload()
  }

  removeApp(id: string): void {
    this.#apps.remove(id)
    this.directory.reload()
  }

  key(name: string): LiveKey {
    const key = this.directory.key(name)
    if (!key) throw new Error(`no key ${name}`)
    return key
  }

  /** A native token of a key, whatever the state of the key. */
  issue(keyName: string, wish: TokenWish = {}): TokenDetails {
    return value(issueToken(this.tokens, this.key(keyName), wish, this.now))
  }

  async authenticate(
    credential: Credential | undefined,
    clientId?: string,
    context = PLAIN,
  ): Promise<Result<AppPrincipal>> {
    return this.authenticator.authenticate({ credential, clientId }, context)
  }

  withToken(text: string, clientId?: string): Promise<Result<AppPrincipal>> {
    return this.authenticate({ kind: 'token', text }, clientId)
  }

  withKey(text: string, clientId?: string): Promise<Result<AppPrincipal>> {
    return this.authenticate({ kind: 'key', text }, clientId)
  }
}

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.name}: ${result.failure.message}`)
  return result.value
}

/** `ok`, or the status and code of a failure: `401/40142`. */
export function outcome(result: Result<unknown>): string {
  return result.ok ? 'ok' : codeOf(result.failure)
}

export function codeOf(failure: Failure): string {
  return `${failure.status}/${ablyCode(failure.name)}`
}

/** Claims in seconds; `iat` and `exp` can be overwritten, also with undefined. */
export function jwt(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  secret = SECRET,
): Promise<string> {
  const iat = START / 1000
  return new SignJWT({ iat, exp: iat + 3600, ...claims })
    .setProtectedHeader({ typ: 'JWT', alg: 'HS256', kid: 'app1.root', ...header })
    .sign(new TextEncoder().encode(secret))
}

/** A JWT made by hand, without a library. */
export function handmadeJwt(
  header: object,
  claims: object,
  encode: (text: string) => string,
  secret = SECRET,
): string {
  const signed = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(claims))}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64')}`
}

/** The signature of a token request over the texts of its fields (RSA9g). */
export function macOf(fields: readonly string[], secret = SECRET): string {
  const text = fields.map((field) => `${field}\n`).join('')
  return createHmac('sha256', secret).update(text).digest('base64')
}
