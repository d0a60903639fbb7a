/** `config check`, `config show`, help texts, and what happens to a command line that is not understood. */
import { describe, expect, test } from 'bun:test'
import { commands } from '../../src/cli/cli.ts'
import { settings } from '../../src/config.ts'
import { latchkey } from '../support/server.ts'
import { run, runJson } from './process.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')

type Shown = Record<string, { value: unknown; source: string }>

describe('as a process', () => {
  const wrong: [string[], Record<string, string>, string][] = [
    [['serve', '--port', 'abc'], {}, '--port must be a whole number'],
    [['serve', '--bogus', '80'], {}, 'unknown option --bogus'],
    [['serve'], { LATCHKEY_PORT: 'abc' }, 'LATCHKEY_PORT must be a whole number'],
    [['version'], { LATCHKEY_BOGUS: '1' }, 'unknown variable LATCHKEY_BOGUS'],
    [['bogus'], {}, 'unknown command bogus'],
  ]
  test.each(wrong)('%j %j exits with 2 and one line', async (argv, environment, text) => {
    const { code, out, err } = await latchkey(argv, environment)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toStartWith(`latchkey: ${text}`)
    expect(err.trimEnd()).not.toContain('\n')
  })

  test('--json prints the complaint as JSON', async () => {
    const { code, err } = await latchkey(['serve', '--port', 'abc', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(err)).toEqual({ error: '--port must be a whole number' })
  })
})

describe('config check', () => {
  test('accepts valid settings', async () => {
    expect(await run(['config', 'check', '--port', '9000'])).toEqual({
      code: 0,
      out: 'The settings are valid.\n',
      err: '',
    })
    expect(await runJson<object>(['config', 'check'])).toEqual({ ok: true })
  })

  const wrong: [string[], string][] = [
    [['--prot', '80'], 'unknown option --prot (did you mean --port?)'],
    [['--prot=80'], 'unknown option --prot (did you mean --port?)'],
    [['--port'], '--port needs a value'],
    [['--port', '--json'], '--port needs a value'],
    [['--no-port'], 'unknown option --no-port'],
    [['--open-channels=maybe'], '--open-channels must be true or false'],
    [['--master-key', KEY], 'unknown option --master-key'],
    [['extra'], 'unexpected argument extra'],
    [['--tls-cert', 'x.pem'], '--tls-cert needs --tls-key beside it'],
  ]
  test.each(wrong)('%j', async (argv, text) => {
    const { code, out, err } = await run(['config', 'check', ...argv])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(text)
    expect(err).not.toContain(KEY)
  })
})

describe('switches', () => {
  const open = (value: boolean, source = 'flag') => ({ value, source })
  const cases: [string[], Record<string, string>, { value: boolean; source: string }][] = [
    [[], {}, open(true, 'default')],
    [['--no-open-channels'], {}, open(false)],
    [['--open-channels=false'], {}, open(false)],
    [['--open-channels', 'false'], {}, open(false)],
    [['--open-channels=0'], {}, open(false)],
    [['--open-channels'], {}, open(true)],
    [['--open-channels'], { LATCHKEY_OPEN_CHANNELS: 'false' }, open(true)],
    [[], { LATCHKEY_OPEN_CHANNELS: 'false' }, open(false, 'environment')],
    [['--no-open-channels'], { LATCHKEY_OPEN_CHANNELS: '1' }, open(false)],
  ]
  test.each(cases)('%j with %j', async (argv, environment, expected) => {
    const { out } = await run(['config', 'show', '--json', ...argv], environment)
    expect((JSON.parse(out) as Shown)['openChannels']).toEqual(expected)
  })
})

describe('config show', () => {
  test('shows every setting with its value and source', async () => {
    const argv = ['config', 'show', '--port', '9000', '--no-open-channels', '--json']
    const { out } = await run(argv, { LATCHKEY_HOST: '::1' })
    const shown = JSON.parse(out) as Shown
    expect(Object.keys(shown)).toEqual(settings.map((setting) => setting.name))
    expect(shown['port']).toEqual({ value: 9000, source: 'flag' })
    expect(shown['host']).toEqual({ value: '::1', source: 'environment' })
    expect(shown['openChannels']).toEqual({ value: false, source: 'flag' })
    expect(shown['maxMembers']).toEqual({ value: 20_000, source: 'default' })
    expect(shown['masterKey']).toEqual({ value: null, source: 'default' })
  })

  test.each([[[]], [['--json']]])('does not show the master key %j', async (extra) => {
    const { code, out } = await run(['config', 'show', ...extra], { LATCHKEY_MASTER_KEY: KEY })
    expect(code).toBe(0)
    expect(out).toContain('(set)')
    expect(out).not.toContain(KEY.slice(0, 12))
  })

  test('prints one line for each setting as text', async () => {
    const { out } = await run(['config', 'show'])
    for (const { name } of settings) expect(out).toMatch(new RegExp(`^${name} `, 'm'))
  })
})

describe('help', () => {
  test('lists the commands', async () => {
    for (const argv of [[], ['--help'], ['-h'], ['help']]) {
      const { code, out, err } = await run(argv)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      for (const { name, summary } of commands) {
        expect(out).toContain(`  ${name}`)
        expect(out).toContain(summary)
      }
    }
  })

  test('of serve lists every setting with its variable and default', async () => {
    const { code, out } = await run(['serve', '--help'])
    expect(code).toBe(0)
    for (const { flag, variable, defaultText } of settings) {
      const line = out.split('\n').find((text) => text.includes(` ${variable} `))
      expect(line, variable).toBeDefined()
      if (flag !== undefined) expect(line).toContain(`--${flag} `)
      if (defaultText !== '') expect(line).toContain(`(default ${defaultText})`)
    }
  })

  test.each(commands.map((command) => [command.name]))('of %s', async (name) => {
    const { code, out } = await run([...name.split(' '), '--help'])
    expect(code).toBe(0)
    expect(out).toStartWith(`Usage: latchkey ${name}`)
    const { options } = commands.find((command) => command.name === name)!
    for (const option of [...options, { name: 'json' }, { name: 'data' }])
      expect(out).toContain(`--${option.name}`)
  })
})

describe('version', () => {
  test('prints text or JSON, also as --version', async () => {
    const parts = await runJson<Record<string, unknown>>(['version'])
    expect(parts).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      bun: Bun.version,
      schema: expect.any(Number),
      platform: `${process.platform}-${process.arch}`,
    })
    const text = (await run(['version'])).out
    expect(text).toStartWith(`latchkey ${String(parts['version'])} `)
    expect((await run(['--version'])).out).toBe(text)
  })
})

describe('unknown commands', () => {
  const wrong: [string[], string][] = [
    [['bogus'], 'unknown command bogus'],
    [['versoin'], 'unknown command versoin (did you mean version?)'],
    [['reservations', 'lst'], 'unknown command reservations lst (did you mean reservations list?)'],
    [['reservations'], 'unknown command reservations'],
    [['reservations', 'add'], 'reservations add needs NAMESPACE'],
    [['reservations', 'add', 'a', 'b'], 'unexpected argument b'],
    [['reservations', 'add', '--joinkey', 'k', 'a'], 'unknown option --joinkey'],
    [['reservations', 'list', '--port', '1'], 'unknown option --port'],
    [['connections', 'disconnect'], 'needs either an ID or --channel'],
    [['connections', 'disconnect', 'a', '--channel', 'b'], 'needs either an ID or --channel'],
  ]
  test.each(wrong)('%j', async (argv, text) => {
    const { code, out, err } = await run(argv)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(text)
  })
})
