/** Settings: each readable as flag and variable, in the right order of precedence, and none wrong in silence. */
import { describe, expect, test } from 'bun:test'
import { type SettingName, readConfig, settings } from '../src/config.ts'

const NO_ENVIRONMENT = {}

/** Two valid values of every setting as text, each with its parsed value. */
const SAMPLES: Record<SettingName, [string, unknown, string, unknown]> = {
  host: ['0.0.0.0', '0.0.0.0', '::1', '::1'],
  port: ['9000', 9000, '0', 0],
  data: ['/srv/a', '/srv/a', 'b', 'b'],
  inMemory: ['true', true, '0', false],
  tlsCert: ['a.pem', 'a.pem', 'b.pem', 'b.pem'],
  tlsKey: ['a.key', 'a.key', 'b.key', 'b.key'],
  basePath: ['/rt/', '/rt', '/a/b', '/a/b'],
  publicUrl: ['https://my.host/', 'https://my.host', 'http://x.test', 'http://x.test'],
  trustedProxies: ['loopback, 10.0.0.0/8', ['loopback', '10.0.0.0/8'], 'private', ['private']],
  allowedOrigins: [
    'https://a.test,https://*.b.test',
    ['https://a.test', 'https://*.b.test'],
    '*',
    ['*'],
  ],
  metricsPort: ['9100', 9100, '9101', 9101],
  metricsHost: ['0.0.0.0', '0.0.0.0', '::1', '::1'],
  openChannels: ['false', false, '1', true],
  strictKeys: ['true', true, '0', false],
  explainRefusals: ['true', true, 'false', false],
  guardEvents: ['1', true, 'false', false],
  legacyUsers: ['true', true, 'false', false],
  maxReservations: ['7', 7, '0', 0],
  sandbox: ['true', true, 'false', false],
  sandboxOnPublicAddress: ['1', true, 'false', false],
  sandboxMinutes: ['5', 5, '120', 120],
  maxSandboxApps: ['10', 10, '1', 1],
  sandboxLatency: ['20', 20, '0', 0],
  maxConnections: ['1', 1, '0', 0],
  maxAddressConnections: ['2', 2, '0', 0],
  connectionRate: ['3', 3, '0', 0],
  connectionBurst: ['4', 4, '1', 1],
  messageRate: ['5', 5, '0', 0],
  messageBurst: ['6', 6, '1', 1],
  maxMessageBytes: ['1000', 1000, '16777216', 16_777_216],
  maxWarnings: ['8', 8, '0', 0],
  banSeconds: ['9', 9, '0', 0],
  pushRate: ['10', 10, '0', 0],
  pushBurst: ['11', 11, '1', 1],
  attemptRate: ['5', 5, '0', 0],
  attemptBurst: ['50', 50, '1', 1],
  bodyTimeout: ['5', 5, '240', 240],
  bodyMemoryMb: ['64', 64, '0', 0],
  addressBodyMemoryMb: ['8', 8, '0', 0],
  maxChannels: ['12', 12, '0', 0],
  maxMembers: ['13', 13, '0', 0],
  maxChannelBytes: ['14', 14, '4096', 4096],
  maxAliasLength: ['15', 15, '1', 1],
  maxBacklogBytes: ['16384', 16_384, '1073741824', 1_073_741_824],
  idleTimeout: ['30', 30, '8', 8],
  historyHours: ['48', 48, '1', 1],
  historyDiskMb: ['100', 100, '0', 0],
  historyMemoryMb: ['64', 64, '1', 1],
  historyMessages: ['100', 100, '1', 1],
  maxAttachments: ['0', 0, '10', 10],
  frameRate: ['0', 0, '10', 10],
  frameBurst: ['1', 1, '10', 10],
  channelRate: ['0', 0, '10', 10],
  channelBurst: ['1', 1, '10', 10],
  keyRate: ['0', 0, '10', 10],
  keyBurst: ['1', 1, '10', 10],
  maxPresenceMembers: ['200', 200, '0', 0],
  maxPresenceBytes: ['65536', 65_536, '0', 0],
  presenceMemoryMb: ['64', 64, '0', 0],
  answerMemoryMb: ['64', 64, '0', 0],
  oidcIssuer: ['https://id.test/a/', 'https://id.test/a', 'http://b.test', 'http://b.test'],
  oidcClientId: ['a', 'a', 'b', 'b'],
  oidcClientSecret: ['s', 's', 't', 't'],
  oidcName: ['Example', 'Example', 'b', 'b'],
  githubClientId: ['a', 'a', 'b', 'b'],
  githubClientSecret: ['s', 's', 't', 't'],
  githubUrl: ['https://git.test/', 'https://git.test', 'http://b.test', 'http://b.test'],
  drainSeconds: ['17', 17, '0', 0],
  logLevel: ['debug', 'debug', 'fatal', 'fatal'],
  logFormat: ['json', 'json', 'text', 'text'],
  masterKey: ['A'.repeat(43), 'A'.repeat(43), `${'B'.repeat(43)}=`, `${'B'.repeat(43)}=`],
}

/** A certificate and its key are only valid together. */
const COMPANION: Partial<Record<SettingName, Record<string, string>>> = {
  tlsCert: { 'tls-key': 'k' },
  tlsKey: { 'tls-cert': 'c' },
  sandboxOnPublicAddress: { sandbox: 'true' },
  oidcIssuer: { 'oidc-client-id': 'c' },
  oidcClientId: { 'oidc-issuer': 'https://id.test' },
  githubClientSecret: { 'github-client-id': 'c' },
}

/** Settings whose companion is a secret and has no flag. */
const SECRET_COMPANION: Partial<Record<SettingName, Record<string, string>>> = {
  githubClientId: { LATCHKEY_GITHUB_CLIENT_SECRET: 's' },
}

function read(flags: Record<string, string>, environment: Record<string, string> = {}) {
  const result = readConfig(flags, environment)
  if (!result.ok) throw new Error(result.complaint)
  return result
}

function complaint(flags: Record<string, string>, environment: Record<string, string> = {}) {
  const result = readConfig(flags, environment)
  return result.ok ? undefined : result.complaint
}

describe('every setting', () => {
  test('has a description, a variable and a name in kebab case', () => {
    expect(settings.map((setting) => setting.name)).toEqual(Object.keys(SAMPLES) as SettingName[])
    for (const { name, flag, variable, description, group } of settings) {
      expect(description, name).not.toBe('')
      expect(group, name).not.toBe('')
      expect(variable).toMatch(/^LATCHKEY_[A-Z]+(_[A-Z]+)*$/)
      if (flag !== undefined)
        expect(variable).toBe(`LATCHKEY_${flag.replaceAll('-', '_').toUpperCase()}`)
    }
  })

  test.each(settings)(
    '$name is read from its variable and its flag, and the flag wins',
    (setting) => {
      const { name, flag, variable } = setting
      const [first, firstValue, second, secondValue] = SAMPLES[name]
      const companion = COMPANION[name] ?? {}
      const secret = SECRET_COMPANION[name] ?? {}
      const fromVariable = read(companion, { ...secret, [variable]: first })
      expect(fromVariable.config[name]).toEqual(firstValue as never)
      expect(fromVariable.sources[name]).toBe('environment')
      if (flag === undefined) return
      const fromFlag = read({ ...companion, [flag]: first }, secret)
      expect(fromFlag.config[name]).toEqual(firstValue as never)
      const both = read({ ...companion, [flag]: second }, { ...secret, [variable]: first })
      expect(both.config[name]).toEqual(secondValue as never)
      expect(both.sources[name]).toBe('flag')
    },
  )

  test('has the default that is shown for it', () => {
    const { config, sources } = read({}, NO_ENVIRONMENT)
    for (const { name, defaultText } of settings) {
      expect(config[name] === undefined ? '' : String(config[name]), name).toBe(defaultText)
      expect(sources[name]).toBe('default')
    }
  })

  test('limits are on by default', () => {
    const { config } = read({})
    const limits = settings.filter(({ group }) => group === 'Limits').map(({ name }) => name)
    expect(limits.length).toBeGreaterThan(10)
    // Only the ban is off by default (L-4).
    const off = limits.filter((name) => config[name] === 0)
    expect(off).toEqual(['banSeconds'])
  })
})

test('addresses are read as browsers write them', () => {
  const given = {
    'public-url': 'HTTPS://Bücher.example:443/realtime/',
    'allowed-origins': 'https://BÜCHER.example:443/, http://my.site:80,http://My.site',
  }
  expect(read(given).config).toMatchObject({
    publicUrl: 'https://xn--bcher-kva.example/realtime',
    allowedOrigins: ['https://xn--bcher-kva.example', 'http://my.site'],
  })
})

describe('mistakes are named', () => {
  const wrong: [flag: string, value: string, complaint: string][] = [
    ['port', 'abc', 'must be a whole number'],
    ['port', '', 'must be a whole number'],
    ['port', '-1', 'must be a whole number'],
    ['port', '80.5', 'must be a whole number'],
    ['port', '65536', 'must be at most 65535'],
    ['port', '9'.repeat(30), 'must be at most 65535'],
    ['metrics-port', '0', 'must be at least 1'],
    ['data', '  ', 'must not be empty'],
    ['base-path', 'rt', 'must be a path such as /realtime'],
    ['base-path', '/a//b', 'must be a path such as /realtime'],
    ['public-url', 'ws://my.host', 'must be an http or https address'],
    ['trusted-proxies', 'loopback,10.0.0.0/33', 'has "10.0.0.0/33", which is no address'],
    ['allowed-origins', 'my.site', 'has "my.site", which is no origin'],
    ['allowed-origins', 'https://my.site/x', 'has "https://my.site/x", which is no origin'],
    ['allowed-origins', 'https://a.site,https://*', 'has "https://*", which names no host'],
    ['allowed-origins', 'wss://my.site', 'has "wss://my.site", which no page has as its origin'],
    ['public-url', 'https://ann:hush@my.host', 'must be an address without credentials'],
    ['public-url', 'https://my.host/?x=1', 'must be an address without credentials, query'],
    ['open-channels', 'yes', 'must be true or false'],
    ['max-message-bytes', '0', 'must be at least 1'],
    ['idle-timeout', '7', 'must be at least 8'],
    ['log-level', 'verbose', 'must be debug, info, warning, error or fatal'],
    ['log-format', 'xml', 'must be auto, text or json'],
  ]

  test.each(wrong)('--%s %p: %s', (flag, value, text) => {
    const { variable } = settings.find((setting) => setting.flag === flag)!
    expect(complaint({ [flag]: value })).toStartWith(`--${flag} ${text}`)
    expect(complaint({}, { [variable]: value })).toStartWith(`${variable} ${text}`)
    expect(complaint({ [flag]: value })).not.toContain('\n')
  })

  test('a wrong variable is ignored if a flag overrides it', () => {
    expect(read({ port: '1' }, { LATCHKEY_PORT: 'abc' }).config.port).toBe(1)
  })

  test('an unknown option, with a guess at what was meant', () => {
    expect(complaint({ prot: '1' })).toBe('unknown option --prot (did you mean --port?)')
    expect(complaint({ bogus: '1' })).toBe('unknown option --bogus')
  })

  test('an unknown LATCHKEY_ variable, and no other variable', () => {
    expect(complaint({}, { LATCHKEY_BOGUS: '1' })).toContain('LATCHKEY_BOGUS')
    expect(complaint({}, { PORT: 'abc', LATCHKEYS: '1' })).toBeUndefined()
  })

  test('the master key has no flag and is never repeated', () => {
    expect(complaint({ 'master-key': 'A'.repeat(43) })).toStartWith('unknown option --master-key')
    expect(complaint({}, { LATCHKEY_MASTER_KEY: 'hush' })).toBe(
      'LATCHKEY_MASTER_KEY must be 32 bytes in base64',
    )
  })

  test('settings that contradict each other are refused', () => {
    expect(complaint({ 'tls-cert': 'c' })).toBe('--tls-cert needs --tls-key beside it')
    expect(complaint({}, { LATCHKEY_TLS_KEY: 'k' })).toBe('--tls-key needs --tls-cert beside it')
    expect(complaint({ port: '9000', 'metrics-port': '9000' })).toContain('--metrics-port')
    expect(complaint({ data: 'd', 'in-memory': 'true' })).toStartWith('--data names a folder')
    expect(complaint({ 'in-memory': 'true' }, { LATCHKEY_DATA: 'd' })).toStartWith('LATCHKEY_DATA')
    expect(complaint({ 'sandbox-on-public-address': 'true' })).toContain('needs --sandbox')
  })
})
