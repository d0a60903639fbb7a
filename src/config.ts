/**
 * Every setting of the server in one schema: its name, default, check and description. Flags, `LATCHKEY_*`
 * variables, `--help`, the README table, `config show` and `doctor` all read it from here.
 */
import { z } from 'zod'
import { isCidr } from './policy/address.ts'
import { readOriginList } from './policy/origin.ts'

const integer = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(
      z
        .number()
        .min(minimum, `must be at least ${minimum}`)
        .max(maximum, `must be at most ${maximum}`),
    )

const flag = () =>
  z
    .enum(['true', 'false', '1', '0'], 'must be true or false')
    .transform((text) => text !== 'false' && text !== '0')

const list = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )

const proxies = () =>
  list().superRefine((items, context) => {
    const wrong = items.find((item) => !isProxy(item))
    if (wrong === undefined) return
    const message = `has "${wrong}", which is no address, no CIDR range, not "loopback" and not "private"`
    context.addIssue({ code: 'custom', message })
  })

const origins = () =>
  list().transform((items, context) => {
    const read = readOriginList(items)
    if (read.ok) return read.value
    context.addIssue({ code: 'custom', message: read.failure.message })
    return z.NEVER
  })

/** As browsers write it, without the port that the scheme has anyway; nothing but the address of a server. */
const webAddress = () =>
  z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .transform((text, context) => {
      const url = new URL(text)
      if (!/[?#@]/.test(text)) return url.origin + url.pathname.replace(/\/+$/, '')
      const message = 'must be an address without credentials, query and fragment'
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    })

const text = () => z.string().trim().min(1, 'must not be empty')

const isProxy = (item: string) => item === 'loopback' || item === 'private' || isCidr(item)

/** Settings in the order in which `--help` shows them. `.meta({ group })` starts a group, `env` marks secrets that have no flag. */
export const schema = z.object({
  host: text()
    .default('localhost')
    .describe('Address to listen on; `0.0.0.0` or `::` for every interface')
    .meta({ group: 'Listening' }),
  port: integer(0, 65_535).default(8080).describe('Port to listen on; 0 picks a free one'),
  data: text().default('./data').describe('Folder of the databases and the master key'),
  inMemory: flag()
    .default(false)
    .describe('Write no file: keep everything in memory, where it ends with the server'),
  tlsCert: text()
    .optional()
    .describe('PEM file with the certificate chain; with `--tls-key`, serves https and wss itself'),
  tlsKey: text().optional().describe('PEM file with the private key'),
  basePath: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~-]+)*\/?$/, 'must be a path such as /realtime')
    .transform((path) => path.replace(/\/$/, ''))
    .default('')
    .describe('Path under which a proxy passes requests on unchanged, such as `/realtime`'),
  publicUrl: webAddress()
    .optional()
    .describe(
      'Address that clients use, such as `https://my.host`; printed and checked by `doctor`',
    ),
  trustedProxies: proxies()
    .default([])
    .describe(
      'Proxies whose X-Forwarded-For is believed: addresses, CIDR ranges, `loopback`, `private`',
    ),
  allowedOrigins: origins()
    .default(['*'])
    .describe(
      'Origins whose pages may use the server, such as `https://my.site,https://*.my.site`; `*` for all',
    ),
  metricsPort: integer(1, 65_535)
    .optional()
    .describe('Serve /metrics on a port of its own, and not on the main one'),
  metricsHost: text().default('localhost').describe('Address of the metrics port'),

  openChannels: flag()
    .default(true)
    .describe('Let anyone use channels that no reservation covers')
    .meta({ group: 'Channels' }),
  strictKeys: flag()
    .default(false)
    .describe('Refuse keys on an open channel that has none, which are otherwise ignored'),
  explainRefusals: flag()
    .default(false)
    .describe('Accept a refused socket, say why in an error event, then close it with 1008'),
  guardEvents: flag()
    .default(false)
    .describe('Refuse messages whose `type` is join, leave, error, open or close'),
  legacyUsers: flag()
    .default(false)
    .describe('Add a numeric `users` to joins and leaves for itty-sockets before 0.9'),
  maxReservations: integer(0).default(5).describe('Reservations of one account; 0 for no limit'),

  sandbox: flag()
    .default(false)
    .describe('Let anyone make disposable apps with `POST /apps`, for tests and CI')
    .meta({ group: 'Sandbox' }),
  sandboxOnPublicAddress: flag()
    .default(false)
    .describe('Allow a sandbox on an address that the whole internet can reach'),
  sandboxMinutes: integer(1, 10_080)
    .default(60)
    .describe('Minutes until an app of the sandbox is removed'),
  maxSandboxApps: integer(1).default(1000).describe('Apps of the sandbox at a time'),
  sandboxLatency: integer(0, 10_000)
    .default(15)
    .describe('Milliseconds until what Ably clients send over a connection arrives in a sandbox'),

  maxConnections: integer(0)
    .default(50_000)
    .describe('Connections in all; 0 for no limit')
    .meta({ group: 'Limits' }),
  maxAddressConnections: integer(0)
    .default(1000)
    .describe('Connections of one address (IPv6: one /64); 0 for no limit'),
  connectionRate: integer(0)
    .default(20)
    .describe('Connection attempts a second of one address, on average; 0 for no limit'),
  connectionBurst: integer(1).default(400).describe('Connection attempts of one address at once'),
  messageRate: integer(0)
    .default(500)
    .describe('Messages a second of one socket, on average; 0 for no limit'),
  messageBurst: integer(1).default(2000).describe('Messages of one socket at once'),
  maxMessageBytes: integer(1, 16_777_216).default(102_400).describe('Bytes of one message'),
  maxWarnings: integer(0)
    .default(3)
    .describe('Warnings for sending too fast before a socket is closed; one a second at most'),
  banSeconds: integer(0)
    .default(0)
    .describe(
      'How long an address is shut out after a socket was closed for flooding; 0 for no ban',
    ),
  pushRate: integer(0)
    .default(200)
    .describe('HTTP pushes a second of one address, on average; 0 for no limit'),
  pushBurst: integer(1).default(1000).describe('HTTP pushes of one address at once'),
  attemptRate: integer(0)
    .default(20)
    .describe(
      'Requests with missing or wrong credentials a second of one address, on average; 0 for no limit',
    ),
  attemptBurst: integer(1)
    .default(1000)
    .describe('Requests with missing or wrong credentials of one address at once'),
  bodyTimeout: integer(1, 240)
    .default(30)
    .describe('Seconds that the body of a request may take to arrive'),
  bodyMemoryMb: integer(0, 1_048_576)
    .default(128)
    .describe(
      'Megabytes of bodies that are on their way, of all requests together; 0 for no limit',
    ),
  addressBodyMemoryMb: integer(0, 1_048_576)
    .default(32)
    .describe('Megabytes of bodies that are on their way from one address; 0 for no limit'),
  maxChannels: integer(0)
    .default(100_000)
    .describe('Channels of the commons and of apps together; 0 for no limit'),
  maxMembers: integer(0).default(20_000).describe('Connections on one channel; 0 for no limit'),
  maxChannelBytes: integer(1, 4096)
    .default(256)
    .describe('Bytes of the name of a channel of the commons'),
  maxAliasLength: integer(1, 4096).default(128).describe('Characters of an alias'),
  maxBacklogBytes: integer(16_384, 1_073_741_824)
    .default(524_288)
    .describe('Bytes that may wait for a slow reader before it is closed'),
  idleTimeout: integer(8, 960)
    .default(28)
    .describe('Seconds of silence before a socket is closed; it is pinged about 8 seconds earlier'),

  historyHours: integer(1, 8784)
    .default(24)
    .describe('Hours that persisted channels are kept, up to a year')
    .meta({ group: 'App channels' }),
  historyDiskMb: integer(0, 16_777_216)
    .default(1024)
    .describe(
      'Megabytes that they may take on the disk; the oldest of the app that has most go first. 0 for no limit',
    ),
  historyMemoryMb: integer(1, 1_048_576)
    .default(256)
    .describe('Megabytes of memory for what app channels remember for two minutes'),
  historyMessages: integer(1, 1_000_000)
    .default(10_000)
    .describe('Most messages that one app channel remembers in memory'),
  maxAttachments: integer(0)
    .default(1000)
    .describe('Channels of one connection of an Ably client; 0 for no limit'),
  frameRate: integer(0)
    .default(2000)
    .describe('Protocol messages a second of one Ably client, on average; 0 for no limit'),
  frameBurst: integer(1).default(10_000).describe('Protocol messages of one Ably client at once'),
  channelRate: integer(0)
    .default(2000)
    .describe('Messages a second on one app channel, on average; 0 for no limit'),
  channelBurst: integer(1).default(10_000).describe('Messages on one app channel at once'),
  keyRate: integer(0)
    .default(5000)
    .describe('Requests and messages a second with one API key over REST; 0 for no limit'),
  keyBurst: integer(1)
    .default(20_000)
    .describe('Requests and messages with one API key over REST at once'),
  maxPresenceMembers: integer(0)
    .default(1000)
    .describe('Presence members of one app channel; 0 for no limit'),
  maxPresenceBytes: integer(0)
    .default(16_777_216)
    .describe('Bytes of what the members of one app channel say of themselves; 0 for no limit'),
  presenceMemoryMb: integer(0, 1_048_576)
    .default(256)
    .describe('Megabytes of memory for the presence members of all app channels; 0 for no limit'),
  answerMemoryMb: integer(0, 1_048_576)
    .default(256)
    .describe('Megabytes of answers that clients asked for and have not read yet; 0 for no limit'),

  oidcIssuer: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .transform((url) => url.replace(/\/$/, ''))
    .optional()
    .describe('Issuer of an OpenID Connect provider that people may sign in to the dashboard with')
    .meta({ group: 'Sign-in' }),
  oidcClientId: text().optional().describe('What this server is called there'),
  oidcClientSecret: text()
    .optional()
    .describe('Its secret there; none for a public client')
    .meta({ secret: true }),
  oidcName: text().default('single sign-on').describe('What the provider is called on the button'),
  githubClientId: text()
    .optional()
    .describe('Client id of a GitHub OAuth app that people may sign in to the dashboard with'),
  githubClientSecret: text()
    .optional()
    .describe('The secret of that OAuth app')
    .meta({ secret: true }),
  githubUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .transform((url) => url.replace(/\/$/, ''))
    .default('https://github.com')
    .describe('Address of a GitHub Enterprise server'),

  drainSeconds: integer(0, 600)
    .default(10)
    .describe('Longest time that closing the sockets may take on SIGTERM')
    .meta({ group: 'Operation' }),
  logLevel: z
    .enum(
      ['debug', 'info', 'warning', 'error', 'fatal'],
      'must be debug, info, warning, error or fatal',
    )
    .default('info')
    .describe('Least severe level that is logged'),
  logFormat: z
    .enum(['auto', 'text', 'json'], 'must be auto, text or json')
    .default('auto')
    .describe('`json` lines or `text`; auto is text on a terminal'),
  masterKey: z
    .string()
    .regex(/^[A-Za-z0-9+/_-]{43}=?$/, 'must be 32 bytes in base64')
    .optional()
    .describe(
      'Key that encrypts stored secrets, 32 bytes in base64; without it, the file `master.key`',
    )
    .meta({ secret: true }),
})

export type Config = Readonly<z.infer<typeof schema>>
export type SettingName = keyof Config

/** One setting, as help texts and tables show it. */
export interface Setting {
  readonly name: SettingName
  /** `--tls-cert`, or undefined for a secret, which would show in the process list. */
  readonly flag: string | undefined
  readonly variable: string
  readonly group: string
  readonly description: string
  /** The default as one would write it; empty when there is none. */
  readonly defaultText: string
  readonly isSwitch: boolean
}

export const settings: readonly Setting[] = listSettings()

function listSettings(): Setting[] {
  let group = ''
  return Object.entries(schema.shape).map(([name, field]) => {
    const meta = (field.meta() ?? {}) as { group?: string; secret?: boolean }
    group = meta.group ?? group
    const initial: unknown = field.safeParse(undefined).data
    return {
      name: name as SettingName,
      flag: meta.secret ? undefined : kebab(name),
      variable: `LATCHKEY_${kebab(name).replaceAll('-', '_').toUpperCase()}`,
      group,
      description: field.description ?? '',
      defaultText: initial === undefined ? '' : String(initial),
      isSwitch: typeof initial === 'boolean',
    }
  })
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly sources: Sources }
  | { readonly ok: false; readonly complaint: string }

export type Source = 'flag' | 'environment' | 'default'
export type Sources = Readonly<Record<SettingName, Source>>

/**
 * Reads the settings: flags win over the environment, which wins over defaults.
 * @param flags values by kebab-case name, without dashes
 * @param environment the whole environment; only `LATCHKEY_*` is looked at, and no other name may begin so
 */
export function readConfig(
  flags: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): ConfigResult {
  const unknownFlag = Object.keys(flags).find((name) => !settings.some((s) => s.flag === name))
  if (unknownFlag !== undefined) {
    const names = settings.map((setting) => setting.flag).filter((name) => name !== undefined)
    return { ok: false, complaint: unknownOption(unknownFlag, names) }
  }
  const unknownVariable = Object.keys(environment).find(
    (name) => name.startsWith('LATCHKEY_') && !settings.some((s) => s.variable === name),
  )
  if (unknownVariable !== undefined) {
    return { ok: false, complaint: `unknown variable ${unknownVariable} in the environment` }
  }
  const input: Record<string, string> = {}
  const sources = {} as Record<SettingName, Source>
  for (const setting of settings) {
    const given = setting.flag === undefined ? undefined : flags[setting.flag]
    const value = given ?? environment[setting.variable]
    sources[setting.name] =
      value === undefined ? 'default' : given === undefined ? 'environment' : 'flag'
    if (value !== undefined) input[setting.name] = value
  }
  const parsed = schema.safeParse(input)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const setting = settings.find((s) => s.name === issue.path[0])!
    const called = sources[setting.name] === 'flag' ? `--${setting.flag}` : setting.variable
    return { ok: false, complaint: `${called} ${issue.message}` }
  }
  const complaint = contradiction(parsed.data, sources)
  return complaint === undefined
    ? { ok: true, config: parsed.data, sources }
    : { ok: false, complaint }
}

/** What no single setting can get wrong alone. */
function contradiction(config: Config, sources: Sources): string | undefined {
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    return config.tlsCert === undefined
      ? '--tls-key needs --tls-cert beside it'
      : '--tls-cert needs --tls-key beside it'
  }
  if (config.metricsPort !== undefined && config.metricsPort === config.port) {
    return '--metrics-port must differ from --port'
  }
  if (config.inMemory && sources.data !== 'default') {
    const called = sources.data === 'flag' ? '--data' : 'LATCHKEY_DATA'
    return `${called} names a folder, and --in-memory uses none; leave one of them out`
  }
  if ((config.oidcIssuer === undefined) !== (config.oidcClientId === undefined)) {
    return config.oidcIssuer === undefined
      ? '--oidc-client-id needs --oidc-issuer beside it'
      : '--oidc-issuer needs --oidc-client-id beside it'
  }
  if ((config.githubClientId === undefined) !== (config.githubClientSecret === undefined)) {
    return config.githubClientId === undefined
      ? 'LATCHKEY_GITHUB_CLIENT_SECRET needs --github-client-id beside it'
      : '--github-client-id needs LATCHKEY_GITHUB_CLIENT_SECRET beside it'
  }
  if (config.sandboxOnPublicAddress && !config.sandbox) {
    return '--sandbox-on-public-address needs --sandbox beside it'
  }
  return undefined
}

/** `unknown option --prot (did you mean --port?)` */
export function unknownOption(name: string, known: readonly string[]): string {
  const near = known.find((candidate) => distance(candidate, name) <= 2)
  const hint = near === undefined ? '' : ` (did you mean --${near}?)`
  return `unknown option --${name}${hint}`
}

/** Levenshtein distance. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, swap)
    }
    row = next
  }
  return row[b.length]!
}
