/** The commands for apps, keys and channel rules, on a real data folder; and the root key at the first start. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { runCommandLine } from '../../src/cli/cli.ts'
import { eventually } from '../support/client.ts'
import { beginFolder, MAIN, temporaryFolder } from '../support/server.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder()
  beginFolder(folder.path)
})
afterEach(() => folder.remove())

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const streams = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  }
  const code = await runCommandLine([...argv, '--data', folder.path], {}, streams)
  return { code, out, err }
}

async function json<T>(...argv: string[]): Promise<T> {
  const { code, out, err } = await run(...argv, '--json')
  if (code !== 0) throw new Error(`${argv.join(' ')} failed: ${err}`)
  return JSON.parse(out) as T
}

/** The error of a command, which must fail. */
async function complaint(...argv: string[]): Promise<string> {
  const { code, out, err } = await run(...argv)
  expect([code, out]).toEqual([1, ''])
  return err
}

interface AppView {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly tlsOnly: boolean
  readonly default: boolean
}
interface LimitedView {
  readonly id: string
  readonly limits: Readonly<Record<string, unknown>>
}
interface KeyView {
  readonly appId: string
  readonly id: string
  readonly keyName: string
  readonly key: string
  readonly name: string
  readonly status: string
  readonly capability: object
  readonly revocableTokens: boolean
  readonly oldSecret: object | null
}

describe('apps', () => {
  test('are listed, added, changed and removed', async () => {
    const [first] = await json<AppView[]>('apps', 'list')
    expect(first).toMatchObject({ name: 'default', default: true, status: 'enabled' })
    const added = await json<AppView>('apps', 'add', 'shop', '--tls-only')
    expect(added).toMatchObject({ name: 'shop', default: false, tlsOnly: true })
    const said = await run('apps', 'set', 'shop', '--name', 'store', '--no-tls-only')
    expect(said.out).toBe(`store (${added.id}) is enabled.\n`)
    await run('apps', 'set', added.id, '--status', 'disabled')
    const { out } = await run('apps', 'list')
    expect(out).toContain('store')
    expect(await json<AppView[]>('apps', 'list')).toMatchObject([
      first!,
      { id: added.id, status: 'disabled', tlsOnly: false },
    ])
    expect((await run('apps', 'remove', 'store')).code).toBe(0)
    expect(await json<AppView[]>('apps', 'list')).toHaveLength(1)
  })

  test('have limits that are shown and set one at a time', async () => {
    const added = await json<LimitedView>('apps', 'add', 'shop', '--max-channels', '10')
    expect(added.limits).toMatchObject({ maxChannels: 10, messageRate: null })
    const said = await run('apps', 'set', 'shop', '--message-rate', '50', '--memory-mb', '8')
    expect(said.out).toBe(
      `shop (${added.id}) is enabled. Its limits: max-channels 10, message-rate 50, memory-mb 8.\n`,
    )
    const origins = ['--allowed-origins', 'https://a.site, https://*.b.site']
    await run('apps', 'set', 'shop', '--max-channels', 'default', '--disk-mb', '0', ...origins)
    const { limits } = await json<LimitedView>('apps', 'show', 'shop')
    expect(limits).toEqual({
      maxConnections: null,
      maxChannels: null,
      messageRate: 50,
      memoryMb: 8,
      diskMb: 0,
      maxPresenceMembers: null,
      allowedOrigins: ['https://a.site', 'https://*.b.site'],
    })
    const { out } = await run('apps', 'show', 'shop')
    expect(out).toMatch(/^message-rate +50$/m)
    expect(out).toMatch(/^max-channels +-$/m)
    expect(out).toMatch(/^allowed-origins +https:\/\/a\.site,https:\/\/\*\.b\.site$/m)
    expect((await run('apps', 'list')).out).toContain('message-rate 50')
  })

  test('origins are shown as browsers write them', async () => {
    const set = (origins: string) => ['apps', 'set', 'default', '--allowed-origins', origins]
    expect((await run(...set('https://Bücher.example:443/'))).code).toBe(0)
    const { out } = await run('apps', 'show')
    expect(out).toMatch(/^allowed-origins +https:\/\/xn--bcher-kva\.example$/m)
    expect(await complaint(...set('https://*'))).toContain('"*" stands for all origins')
  })

  test('an invalid limit is named', async () => {
    expect(await complaint('apps', 'set', 'default', '--max-channels', 'many')).toContain(
      '--max-channels must be a whole number or default',
    )
    expect(await complaint('apps', 'set', 'default', '--memory-mb', '99999999')).toContain(
      'memoryMb',
    )
    const origins = await complaint('apps', 'set', 'default', '--allowed-origins', 'my.site')
    expect(origins).toContain('no origin')
  })

  test('can belong to another account', async () => {
    await run('accounts', 'add', 'ann')
    await run('apps', 'add', 'shop', '--account', 'ann')
    expect(await json<AppView[]>('apps', 'list', '--account', 'ann')).toMatchObject([
      { name: 'shop' },
    ])
  })

  test('wrong arguments are named', async () => {
    expect(await complaint('apps', 'remove', 'default')).toContain('default app')
    expect(await complaint('apps', 'set', 'none')).toContain('no such app')
    expect(await complaint('apps', 'set', 'default', '--status', 'off')).toContain('--status')
    expect(await complaint('keys', 'list', '--app', 'none')).toContain('no such app')
  })
})

describe('keys', () => {
  test('a new key is shown whole, once', async () => {
    const wish = ['--privileges', 'publish,subscribe', '--channels', 'general,public:*']
    const made = await json<KeyView>('keys', 'add', '--name', 'ci', '--revocable-tokens', ...wish)
    expect(made.key).toMatch(/^[A-Za-z0-9]{6}\.[A-Za-z0-9]{6}:[A-Za-z0-9]{43}$/)
    expect(made).toMatchObject({
      name: 'ci',
      status: 'enabled',
      revocableTokens: true,
      capability: { general: ['publish', 'subscribe'], 'public:*': ['publish', 'subscribe'] },
    })
    const secret = made.key.split(':')[1]!
    for (const argv of [
      ['keys', 'list'],
      ['keys', 'list', '--json'],
      ['keys', 'set', 'ci'],
    ]) {
      const { code, out } = await run(...argv)
      expect(code).toBe(0)
      expect(out).toContain(made.keyName)
      expect(out).not.toContain(secret)
    }
  })

  test('the key is the first line of the text output', async () => {
    const { out } = await run('keys', 'add')
    expect(out).toMatch(/shown only this once: \w{6}\.\w{6}:\w{43}\n.*\{"\*":\["\*"\]\}\.\n$/)
  })

  test('a capability is given as JSON or as lists, not both', async () => {
    const text = '{"a":["publish"],"b":["history"]}'
    const made = await json<KeyView>('keys', 'add', '--name', 'k', '--capability', text)
    expect(made.capability).toEqual({ a: ['publish'], b: ['history'] })
    const all = await json<KeyView>('keys', 'set', 'k', '--privileges', 'all', '--channels', 'c')
    expect(all.capability).toEqual({ c: ['*'] })
    const both = ['keys', 'add', '--capability', text, '--channels', 'c']
    expect(await complaint(...both)).toContain('--capability cannot')
    expect(await complaint('keys', 'add', '--capability', '{')).toContain('not valid JSON')
    expect(await complaint('keys', 'add', '--capability', '{}')).toContain('no resource')
    expect(await complaint('keys', 'add', '--privileges', 'fly')).toContain('"fly"')
  })

  test('a key is found by app and id, by the whole key, by id or by name', async () => {
    await run('apps', 'add', 'shop')
    const made = await json<KeyView>('keys', 'add', '--name', 'till', '--app', 'shop')
    const shown = (...words: string[]) => json<KeyView>('keys', 'set', ...words)
    for (const words of [
      [made.keyName],
      [made.key],
      [made.id, '--app', 'shop'],
      ['till', '--app', made.appId],
    ]) {
      expect((await shown(...words)).keyName).toBe(made.keyName)
    }
    expect(await complaint('keys', 'set', 'till')).toContain('no such key')
    const stranger = await complaint('keys', 'set', `${made.appId}.none00:s3cret`)
    expect(stranger).toContain('no such key')
    expect(stranger).not.toContain('s3cret')
  })

  test('rotates, retires and revokes secrets', async () => {
    const made = await json<KeyView>('keys', 'add', '--name', 'ci')
    const rotated = await json<KeyView>('keys', 'rotate', 'ci')
    expect(rotated.keyName).toBe(made.keyName)
    expect(rotated.key).not.toBe(made.key)
    expect(rotated.oldSecret).toEqual({ lastUsed: null })
    expect(await complaint('keys', 'rotate', 'ci')).toContain('retire that first')
    expect((await json<KeyView>('keys', 'retire', 'ci')).oldSecret).toBeNull()
    expect((await json<KeyView>('keys', 'revoke', made.key)).status).toBe('revoked')
    expect(await complaint('keys', 'set', 'ci')).toContain('revoked')
  })

  test('explain says which line decides, and a command that would allow it', async () => {
    const made = await json<KeyView>('keys', 'add', '--name', 'k', '--channels', 'chat:*')
    await run('keys', 'set', 'k', '--privileges', 'subscribe')
    const ask = ['--channel', "chat:it's", '--operation', 'publish']
    const { out } = await run('keys', 'explain', made.key, ...ask)
    expect(out).toContain('Permitted  no\n')
    expect(out).toContain('"chat:*":["subscribe"] is without publish')
    const command = /latchkey (keys set .*)$/m.exec(out)![1]!
    const words = Bun.spawnSync(['sh', '-c', `printf '%s\\0' ${command}`]).stdout.toString()
    expect((await run(...words.split('\0').slice(0, -1))).code).toBe(0)
    expect((await run('keys', 'explain', 'k', ...ask)).out).toContain('Permitted  yes\n')
    const wrong = await json<{ permitted: boolean }>('keys', 'explain', `${made.keyName}:x`, ...ask)
    expect(wrong.permitted).toBe(false)
    expect(await complaint('keys', 'explain', 'k', '--operation', 'fly')).toContain('fly')
  })
})

describe('rules', () => {
  test('are added, changed, listed and removed', async () => {
    const added = await run('rules', 'add', 'chat', '--persisted', '--authenticated')
    expect(added.out).toBe('Channels chat and chat:* are authenticated, persisted.\n')
    const conflation = ['--conflation-interval', '500', '--conflation-key', '#{message.name}']
    const options = ['--no-authenticated', '--conflation-enabled', ...conflation]
    const changed = await json<object>('rules', 'set', 'chat', ...options)
    expect(changed).toMatchObject({
      id: 'chat',
      persisted: true,
      authenticated: false,
      conflationEnabled: true,
      conflationInterval: 500,
      conflationKey: '#{message.name}',
    })
    const cleared = ['--conflation-interval', 'default', '--conflation-key', 'default']
    expect(await json<object>('rules', 'set', 'chat', ...cleared)).toMatchObject({
      conflationInterval: null,
      conflationKey: null,
    })
    expect(await json<object[]>('rules', 'list')).toHaveLength(1)
    expect((await run('rules', 'remove', 'chat')).code).toBe(0)
    expect((await run('rules', 'list')).out).toBe('default has no channel rules.\n')
  })

  test('wrong arguments are named', async () => {
    expect(await complaint('rules', 'add', 'a:b')).toContain('first segment')
    expect(await complaint('rules', 'set', 'none')).toContain('no such channel rule')
    const interval = ['--batching-interval', 'soon']
    expect(await complaint('rules', 'add', 'a', ...interval)).toContain('--batching-interval')
    const both = ['--batching-enabled', '--conflation-enabled']
    expect(await complaint('rules', 'add', 'a', ...both)).toContain('both')
  })
})

test('a number that is too large is answered with its range', async () => {
  const many = '9'.repeat(30)
  await run('keys', 'add', '--name', 'ci')
  const told = async (...argv: string[]) => complaint(...argv)
  expect(await told('tokens', 'issue', 'ci', '--ttl', '99999999999')).toContain(
    'is not between 1 ms',
  )
  expect(await told('tokens', 'issue', 'ci', '--ttl', '0')).toContain('is not between 1 ms')
  expect(await told('tokens', 'issue', 'ci', '--ttl', 'long')).toContain('must be a whole number')
  expect(await told('access-tokens', 'add', '--days', many)).toContain(
    'whole number from 1 to 99999',
  )
  expect(await told('access-tokens', 'add', '--days', '0')).toContain(
    'whole number from 1 to 99999',
  )
  const limit = ['apps', 'set', 'default', '--max-channels', many]
  expect(await told(...limit)).toContain('is a whole number from 0 to 10000000')
  expect(await told('audit', 'list', '--limit', many)).toContain('from 1 to')
  expect(await told('stats', '--limit', many)).toContain('from 1 to')
  const rule = ['rules', 'add', 'chat', '--batching-interval', many]
  expect(await told(...rule)).not.toContain('must be a number')
})

test('an unknown operation is answered with the known ones', async () => {
  for (const argv of [
    ['keys', 'add', '--privileges', 'read'],
    ['keys', 'add', '--capability', '{"a":["read"]}'],
    ['tokens', 'issue', 'root', '--capability', '{"a":["read"]}'],
    ['keys', 'explain', 'root', '--operation', 'read'],
  ])
    expect(await complaint(...argv)).toContain('presence, privileged-headers, publish')
})

test('explain proposes no change that would not help, and says why', async () => {
  await run('keys', 'add', '--name', 'old', '--privileges', 'history')
  await run('keys', 'revoke', 'old')
  const { out } = await run('keys', 'explain', 'old', '--operation', 'publish')
  expect(out).toContain('the key is revoked')
  expect(out).not.toContain('keys set')
})

test('two keys with one name are listed with their ids', async () => {
  for (let i = 0; i < 2; i++) await run('keys', 'add', '--name', 'twin')
  const told = await complaint('keys', 'revoke', 'twin')
  expect(told).toBe('latchkey: several keys have that name; use the id\n')
})

describe('the first start', () => {
  beforeEach(() => {
    rmSync(folder.path, { recursive: true })
  })

  const WHOLE = /\w{6}\.\w{6}:\w{43}/

  const argv = (format: string) => [
    process.execPath,
    MAIN,
    'serve',
    '--port',
    '0',
    '--log-format',
    format,
    '--data',
    folder.path,
  ]
  const env = { PATH: process.env['PATH'] ?? '' }

  /** Stops a server once it has printed its start messages. */
  async function stopWhenUp(child: Bun.Subprocess, printed: () => string): Promise<void> {
    const hasExited = () => child.exitCode !== null
    try {
      const isUp = () => /data folder|"listening"| listening /.test(printed())
      await eventually(() => isUp() || hasExited(), 'the server has started', 10_000)
    } finally {
      child.kill('SIGTERM')
    }
    await child.exited
  }

  /** Everything that a server prints into a pipe until it has stopped. */
  async function served(format: 'text' | 'json'): Promise<string> {
    const child = Bun.spawn(argv(format), { env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
    let out = ''
    const reading = (async () => {
      const decoder = new TextDecoder()
      for await (const bytes of child.stdout) out += decoder.decode(bytes, { stream: true })
    })()
    await stopWhenUp(child, () => out)
    await reading
    return out
  }

  /** The same on a terminal. */
  async function shown(): Promise<string> {
    let out = ''
    const decoder = new TextDecoder()
    const ended = Promise.withResolvers<void>()
    const child = Bun.spawn(argv('auto'), {
      env,
      terminal: {
        cols: 200,
        data: (_, bytes) => void (out += decoder.decode(bytes, { stream: true })),
        exit: () => ended.resolve(),
      },
    })
    await stopWhenUp(child, () => out)
    child.terminal?.close()
    await ended.promise
    return out
  }

  test('shows the whole root key to a person at a terminal, and only that once', async () => {
    const whole = WHOLE.exec(await shown())?.[0]
    expect(whole).toBeDefined()
    const answer = await json<{ permitted: boolean }>('keys', 'explain', whole!)
    expect(answer.permitted).toBe(true)
    expect(await shown()).not.toMatch(WHOLE)
  })

  test.each(['json', 'text'] as const)('keeps the root key out of %s', async (format) => {
    const out = await served(format)
    expect(out).not.toMatch(WHOLE)
    const [root] = await json<KeyView[]>('keys', 'list')
    expect(out).toContain(root!.keyName)
    expect(await shown()).toMatch(WHOLE)
  })
})
