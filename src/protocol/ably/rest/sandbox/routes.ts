/** Sandbox apps, which the test suites of Ably's SDKs create and delete. */
import { type Result, fail, ok } from '../../../../failure.ts'
import type { Authenticator } from '../../../../identity/authenticate.ts'
import { canonicalText, parseCapability } from '../../../../policy/capability/capability.ts'
import { writeData } from '../../wire/data.ts'
import type { RestAnswer } from '../../http/answer.ts'
import { identify } from '../../http/authorize.ts'
import { ENTRIES } from '../../http/body.ts'
import type { RestCall, RestRoute } from '../../http/router.ts'
import { type ChannelFixture, type SandboxRequest, readSandboxRequest } from './request.ts'

export interface SandboxParts {
  readonly authenticator: Authenticator
  /** Whether an address may create another app; counts the request. */
  readonly mayMake: (client: { readonly address: string }) => boolean
  /** Charges an address for the size of an app, in requests. */
  readonly charge: (client: { readonly address: string }, cost: number) => void
  /** Creates an app. Its keys can be used when this returns. */
  readonly make: (request: NewSandboxApp) => Result<MadeApp>
  readonly remove: (appId: string) => Result<unknown>
  /** Enters the initial members of a new app. */
  readonly fill: (appId: string, channels: readonly ChannelFixture[]) => Promise<Result<void>>
}

export interface NewSandboxApp extends Omit<SandboxRequest, 'channels'> {
  /** The client's address. */
  readonly address: string
}

/** Keys and rules in the order in which they were asked for. Times are milliseconds since the epoch. */
export interface MadeApp {
  readonly app: Times & {
    readonly id: string
    readonly accountId: string
    readonly tlsOnly: boolean
  }
  readonly keys: readonly {
    readonly key: Times & {
      readonly id: string
      readonly keyName: string
      readonly capability: string
      readonly revocableTokens: boolean
    }
    /** `appId.keyId:secret` */
    readonly whole: string
  }[]
  readonly rules: readonly (Times & {
    readonly id: string
    readonly persisted: boolean
    readonly pushEnabled: boolean
    readonly mutableMessages: boolean
  })[]
}

interface Times {
  readonly createdAt: number
  readonly updatedAt: number
}

/** @param parts undefined for a server without a sandbox, which says so to whoever looks for one */
export function sandboxRoutes(parts: SandboxParts | undefined): RestRoute[] {
  return [
    {
      method: 'POST',
      path: '/apps',
      writes: true,
      handle: (call) => (parts ? makeApp(parts, call) : fail('sandbox_off')),
    },
    {
      method: 'DELETE',
      path: '/apps/:appId',
      writes: true,
      handle: (call) => (parts ? deleteApp(parts, call) : fail('sandbox_off')),
    },
  ]
}

async function makeApp(parts: SandboxParts, call: RestCall): Promise<Result<RestAnswer>> {
  if (!parts.mayMake(call.visit)) return fail('request_rate')
  const body = await call.body(ENTRIES)
  if (!body.ok) return body
  const request = readSandboxRequest(body.value.value)
  if (!request.ok) return request
  parts.charge(call.visit, costOf(request.value))
  const { channels, ...wish } = request.value
  const made = await call.commit(() => parts.make({ ...wish, address: call.visit.address }))
  if (!made.ok) return made
  const { id } = made.value.app
  const filled = channels.length > 0 ? await parts.fill(id, channels) : ok(undefined)
  if (!filled.ok) {
    await call.commit(() => parts.remove(id))
    return filled
  }
  return ok({ status: 201, value: appAnswer(made.value, channels, call.visit.base) })
}

/** An app costs about ten writes to the database, each key and rule one more; members are in memory only. */
function costOf({ channels, keys, rules }: SandboxRequest): number {
  const members = channels.reduce((sum, { presence }) => sum + presence.length, 0)
  return APP_COST + keys.length + rules.length + channels.length + members / MEMBERS_PER_WRITE
}

const APP_COST = 10
const MEMBERS_PER_WRITE = 10

/** Any key of the app may delete it, whatever its capability (as in Ably's test API). */
async function deleteApp(parts: SandboxParts, call: RestCall): Promise<Result<RestAnswer>> {
  const principal = await identify(parts.authenticator, call)
  if (!principal.ok) return principal
  const { method, appId } = principal.value
  if (method !== 'basic') return fail('basic_required')
  if (appId !== call.params['appId']) return fail('credentials_wrong')
  const removed = await call.commit(() => parts.remove(appId))
  return removed.ok ? ok({ status: 204, value: undefined }) : removed
}

function appAnswer(
  { app, keys, rules }: MadeApp,
  channels: readonly ChannelFixture[],
  base: string,
): object {
  return {
    accountId: app.accountId,
    appId: app.id,
    id: `${app.accountId}:${app.id}`,
    status: 'enabled',
    tlsOnly: app.tlsOnly,
    ...times(app),
    keys: keys.map(keyAnswer),
    namespaces: rules.map((rule) => ({
      id: rule.id,
      persisted: rule.persisted,
      pushEnabled: rule.pushEnabled,
      mutableMessages: rule.mutableMessages,
      ...times(rule),
    })),
    channels: channels.map(({ name, presence }) => ({
      name,
      presence: presence.map(memberAnswer),
    })),
    ...reach(base),
  }
}

function keyAnswer({ key, whole }: MadeApp['keys'][number]): object {
  const secret = whole.slice(whole.indexOf(':') + 1)
  return {
    id: key.id,
    value: secret,
    keyName: key.keyName,
    keySecret: secret,
    keyStr: whole,
    capability: asInTokens(key.capability),
    type: 0,
    status: 0,
    expires: 0,
    revocableTokens: key.revocableTokens,
    ...times(key),
  }
}

/** In canonical order, because test suites compare it with the capability of a token. */
function asInTokens(text: string): string {
  const capability = parseCapability(text)
  return capability.ok ? canonicalText(capability.value) : text
}

/** In a form that JSON and MessagePack can hold. */
function memberAnswer({ clientId, ...payload }: ChannelFixture['presence'][number]): object {
  const { data, encoding } = writeData(payload, 'json')
  return {
    clientId,
    ...(data !== undefined && { data }),
    ...(encoding !== undefined && { encoding }),
  }
}

function times({ createdAt, updatedAt }: Times) {
  return { created: createdAt, modified: updatedAt }
}

/** The options with which an SDK connects to this server. */
function reach(base: string): { endpoint: string; port: number; tls: boolean } {
  const { protocol, hostname, port } = new URL(base)
  const tls = protocol === 'https:'
  return {
    endpoint: endpointOf(hostname),
    port: port === '' ? (tls ? 443 : 80) : Number(port),
    tls,
  }
}

/** A trailing dot, because SDKs take a name without a dot for a name of the hosted service (REC1b). */
function endpointOf(hostname: string): string {
  if (hostname.startsWith('[')) return hostname.slice(1, -1)
  return hostname === 'localhost' || hostname.includes('.') ? hostname : `${hostname}.`
}
